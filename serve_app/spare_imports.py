"""Imports of a replica, done ahead in a worker process of Ray that waits for work.

Ray imports this module into each of its workers where `RAY_preload_python_modules` names it. One that gets work at once
is left alone. One that stays idle imports what a replica will need, which is most of what its start takes: see `spare`.
"""

import importlib
import logging
import threading
import time

from serve_app.worker_processes import is_idle, read_title

log = logging.getLogger(__name__)

# Workers that Ray starts for a purpose have got it by then.
_IDLE_S = 5.0
# Named and not imported: every worker of Ray imports this module, and only the idle ones shall pay for these.
MODULES = ("ray.serve._private.replica", "serve_app.deployments", "serve_app.http.app")


def import_if_idle() -> bool:
    """Import what a replica needs if this process is an idle worker of Ray; whether it is."""
    if not is_idle(read_title("self")):
        return False
    for name in MODULES:
        try:
            importlib.import_module(name)
        except ImportError:
            log.debug("%s could not be imported ahead", name, exc_info=True)
    try:
        importlib.import_module("serve_app.openvino_import").import_openvino()
    except ImportError:
        log.debug("OpenVINO is not installed: nothing to import ahead")
    return True


def _wait_and_import() -> None:
    time.sleep(_IDLE_S)
    import_if_idle()


threading.Thread(target=_wait_and_import, name="spare-imports", daemon=True).start()
