// The ways to a photo: drop (files and folders, anywhere on the page), paste, the file dialog, an example, the camera.
// All of them end in window.argus.add.
(() => {
  "use strict";

  const root = document.documentElement;
  const zone = () => document.querySelector('.zone[data-lane="photos"]');
  const fileInput = () => zone()?.querySelector('input[type="file"]');
  const take = (files) => { if (zone() && files.length) window.argus.add([...files]); };

  // Dropping --------------------------------------------------------------------------------------------------------

  // Dragging into a child fires leave and enter, hence the depth.
  let depth = 0;
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  const setDragging = (on) => root.toggleAttribute("data-dragging", on && Boolean(zone()));

  async function listFolder(entry) {
    if (entry.isFile) return [await new Promise((resolve, reject) => entry.file(resolve, reject))];
    const reader = entry.createReader();
    const files = [];
    for (;;) {
      const part = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!part.length) return files;
      for (const child of part) files.push(...(await listFolder(child)));
    }
  }

  // The entries must be asked for before the first pause, after which the browser forgets them.
  async function listDropped({ items, files }) {
    const entries = [...items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    if (!entries.some((entry) => entry.isDirectory)) return [...files];
    const found = (await Promise.all(entries.map(listFolder))).flat();
    // A folder holds other things too, which nobody meant to drop.
    return found.filter((file) => file.type.startsWith("image/")).sort((a, b) => a.name.localeCompare(b.name));
  }

  document.addEventListener("dragenter", (event) => { if (hasFiles(event)) setDragging(++depth > 0); }, true);
  document.addEventListener("dragleave", (event) => {
    if (hasFiles(event)) setDragging((depth = Math.max(0, depth - 1)) > 0);
  }, true);
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (zone()) event.dataTransfer.dropEffect = "copy";
  }, true);
  document.addEventListener("drop", async (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault(); // elsewhere too: the browser would leave the page for the file
    setDragging((depth = 0) > 0);
    if (zone()) take(await listDropped(event.dataTransfer));
  }, true);

  document.addEventListener("paste", (event) => {
    const files = event.clipboardData?.files ?? [];
    if (!files.length || !zone()) return;
    event.preventDefault();
    take(files);
  });

  // The file dialog and the examples --------------------------------------------------------------------------------

  document.addEventListener("change", (event) => {
    const input = event.target;
    if (input !== fileInput() || !input.files.length) return;
    take(input.files);
    input.value = ""; // so that the same photo can be chosen again
  }, true);

  async function takeExample(address) {
    const response = await fetch(address);
    if (!response.ok) return;
    const blob = await response.blob();
    take([new File([blob], address.split("/").pop(), { type: blob.type })]);
  }

  // The camera ------------------------------------------------------------------------------------------------------

  const dialog = () => document.querySelector("dialog[data-camera-dialog]");
  let stream = null;

  async function openCamera() {
    dialog().dataset.state = "starting";
    dialog().showModal();
    try {
      const opened = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 } } });
      if (!dialog()?.open) return opened.getTracks().forEach((track) => track.stop());
      stream = opened;
      const video = dialog().querySelector("video");
      video.srcObject = stream;
      await video.play();
      dialog().dataset.state = "on";
      dialog().querySelector("[data-camera-take]").focus();
    } catch (error) {
      if (dialog()) dialog().dataset.state = error.name === "NotAllowedError" ? "denied" : "none";
    }
  }

  function closeCamera() {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    if (dialog()?.open) dialog().close();
  }

  function takePicture() {
    const video = dialog().querySelector("video");
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d").drawImage(video, 0, 0);
    canvas.toBlob((blob) => {
      closeCamera();
      take([new File([blob], `camera-${new Date().toISOString().slice(11, 19).replaceAll(":", "-")}.jpg`, { type: blob.type })]);
    }, "image/jpeg", 0.92);
  }

  // Escape closes a dialog without a click; the camera must not stay on.
  document.addEventListener("close", (event) => { if (event.target === dialog()) closeCamera(); }, true);

  document.addEventListener("click", (event) => {
    const hit = (selector) => event.target.closest?.(selector);
    if (!zone()) return;
    if (hit("[data-example]")) takeExample(hit("[data-example]").dataset.example);
    else if (hit("[data-camera-take]")) takePicture();
    else if (hit("[data-camera-close]")) closeCamera();
    else if (hit("[data-camera]")) openCamera();
    else if (hit("[data-choose]") || (hit('.zone[data-lane="photos"]') && !hit("button, input"))) fileInput()?.click();
  });
})();
