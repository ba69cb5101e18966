// Two buttons and a line. The kernel packs and unpacks; the page only saves and reads the file.

function render({ model, el }) {
  el.classList.add("labkit-board");
  const title = Object.assign(document.createElement("h3"), { className: "labkit-title", textContent: "Keep your work" });
  const controls = Object.assign(document.createElement("div"), { className: "labkit-controls" });
  const save = Object.assign(document.createElement("button"), { type: "button", textContent: "Download all my labs" });
  const back = Object.assign(document.createElement("button"), { type: "button", textContent: "Put labs back from a file" });
  const file = Object.assign(document.createElement("input"), { type: "file", accept: ".zip", hidden: true });
  const note = Object.assign(document.createElement("p"), { className: "labkit-note" });
  note.setAttribute("role", "status");
  controls.append(save, back, file);
  el.append(title, controls, note);
  el.setAttribute("data-lm-suppress-shortcuts", "true"); // Enter on a button is for the button, not for JupyterLab
  el.addEventListener("keydown", (event) => !(event.ctrlKey || event.metaKey) && event.stopPropagation());

  const said = () => { note.textContent = model.get("note"); };
  const arrived = (message, buffers) => {
    if (message.type !== "file") return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([buffers[0]], { type: "application/zip" }));
    link.download = message.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };
  save.addEventListener("click", () => model.send({ type: "download" }));
  back.addEventListener("click", () => file.click());
  file.addEventListener("change", async () => {
    if (!file.files.length) return;
    model.send({ type: "restore" }, undefined, [await file.files[0].arrayBuffer()]);
    file.value = "";
  });
  model.on("change:note", said);
  model.on("msg:custom", arrived);
  said();
  return () => {
    model.off("change:note", said);
    model.off("msg:custom", arrived);
  };
}

export default { render };
