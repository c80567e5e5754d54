"""The one door through which Argus imports OpenVINO, so that it cannot call home.

`import openvino` alone sends an event to Google Analytics through the package `openvino_telemetry`, unless a file in
the user's home says no. OpenVINO falls back to a stub without that package; hiding the package is the opt-out that
holds for one process and writes nothing into anybody's home.
"""

import sys
from typing import Any


def import_openvino() -> Any:
    """The `openvino` module, with its telemetry package hidden from it.

    Raises RuntimeError when another part of the process has imported OpenVINO with its telemetry before.
    """
    if sys.modules.get("openvino_telemetry") is not None and "openvino" in sys.modules:
        raise RuntimeError("OpenVINO was imported with its telemetry. Import it through serve_app.openvino_import.")
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # the import system's way to say "not there"
    import openvino

    return openvino
