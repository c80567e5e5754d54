"""Imports of a replica, done ahead in the worker process of Ray that was started for the next one: see `spare`.

Ray imports this module into each of its workers where `RAY_preload_python_modules` names it, before the worker takes
any work. Whoever has a worker started for a replica leaves a mark in Ray's folder of the session; the next worker of
that node takes it away, and imports. It does so before anything else can run in it: imports in a thread beside Ray's
own met each other halfway, and left modules that were never whole.
"""

import importlib
import logging
from pathlib import Path

log = logging.getLogger(__name__)

# Named and not imported: every worker of Ray imports this module, and only one of them shall pay for these.
MODULES = ("ray.serve", "serve_app.deployments", "serve_app.http.app", "serve_app.openvino_import")


def find_mark() -> Path:
    """The mark of this node and this run of Ray. The process must be connected to Ray."""
    import ray

    context = ray.get_runtime_context()
    return Path(context.get_temp_dir(), context.get_session_name(), "argus-spare-wanted")


def import_if_wanted(mark: Path) -> bool:
    """Take the mark away and import what a replica needs; False, and nothing of it, where there is none."""
    try:
        mark.unlink()
    except FileNotFoundError:
        return False
    for name in MODULES:
        importlib.import_module(name)
    importlib.import_module("serve_app.openvino_import").import_openvino()
    return True


def preload() -> None:
    """What happens in each worker. Whatever goes wrong, the worker is one like any other."""
    import ray

    if not ray.is_initialized():  # asked for its folder, Ray would start itself
        return
    try:
        import_if_wanted(find_mark())
    except Exception:  # a worker that cannot import ahead may not need to, and must start in any case
        log.debug("could not import ahead", exc_info=True)


preload()
