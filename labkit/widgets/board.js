// Draws what the kernel sends (`view`) and sends back what the reader does. One event is under way at a time; while it is,
// later drags and slider moves replace each other, so a slow function makes the picture coarse, never late.

const PATIENCE = 4000; // milliseconds without an answer until we say so

function make(tag, className, attributes = {}) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

function withCode(element, text) {
  element.replaceChildren(...text.split("`").map((part, i) => {
    if (i % 2 === 0) return document.createTextNode(part);
    const code = make("code");
    code.textContent = part;
    return code;
  }));
}

function courier(model, lost) {
  let sent = 0, waiting = null, since = 0, guard = 0;
  const queue = [];
  function next() {
    if (waiting !== null || queue.length === 0) return;
    waiting = queue.shift();
    waiting.n = `${Date.now()}-${++sent}`;
    since = performance.now();
    guard = setTimeout(() => lost(true), PATIENCE);
    model.send(waiting);
  }
  return {
    send(event) {
      const last = queue[queue.length - 1];
      const same = last && last.type === event.type && last.name === event.name && last.key === event.key;
      if (same && (event.type === "drag" || event.slides)) queue[queue.length - 1] = event;
      else queue.push(event);
      next();
    },
    answered(n) {
      if (waiting === null || n !== waiting.n) return null;
      clearTimeout(guard);
      lost(false);
      waiting = null;
      const took = performance.now() - since;
      next();
      return took;
    },
    busy: (name) => [waiting, ...queue].some((event) => event?.name === name),
    idle: () => waiting === null && queue.length === 0,
  };
}

function controlElement(spec, send) {
  if (spec.kind === "button") {
    const element = make("button", "labkit-control", { type: "button", "data-name": spec.name });
    element.addEventListener("click", () => send({ type: "control", name: spec.name }));
    return element;
  }
  const label = make("label", "labkit-control", { "data-name": spec.name });
  const words = make("span");
  if (spec.kind === "slider") {
    const input = make("input", "", { type: "range", min: spec.min, max: spec.max, step: spec.step });
    input.addEventListener("input", () => send({ type: "control", name: spec.name, value: Number(input.value), slides: true }));
    label.append(words, input, make("output", "", { "aria-hidden": "true" })); // read as the slider's value
  } else {
    const select = make("select");
    for (const [value, text] of spec.options) {
      const option = make("option", "", { value });
      option.textContent = text;
      select.append(option);
    }
    select.addEventListener("change", () => send({ type: "control", name: spec.name, value: select.value }));
    label.append(words, select);
  }
  return label;
}

function fillControl(element, spec, busy) {
  if (spec.kind === "button") {
    element.textContent = spec.label;
    element.title = spec.hint;
    element.disabled = spec.disabled;
    if (spec.pressed !== null) element.setAttribute("aria-pressed", spec.pressed);
    return;
  }
  element.querySelector("span").textContent = spec.label;
  const input = element.querySelector("input, select");
  if (!busy) input.value = spec.value;
  if (spec.kind === "slider") {
    element.querySelector("output").textContent = spec.words;
    input.setAttribute("aria-valuetext", spec.words);
  }
}

function render({ model, el }) {
  const root = make("section", "labkit-board", { "data-lm-suppress-shortcuts": "true", "data-jp-suppress-context-menu": "true" });
  const title = make("p", "labkit-title");
  const picture = make("div", "labkit-picture", { tabindex: "0", role: "application", "aria-roledescription": "interactive picture" });
  const description = make("p", "labkit-unseen");
  const controls = make("div", "labkit-controls", { role: "group", "aria-label": "controls" });
  const note = make("p", "labkit-note", { role: "status", "aria-live": "polite" });
  const heard = make("p", "labkit-unseen", { "aria-live": "polite" });
  const panel = make("div", "labkit-panel");
  const source = make("p", "labkit-source");
  const help = make("p", "labkit-help");
  description.id = `labkit-${Math.random().toString(36).slice(2)}`;
  picture.setAttribute("aria-describedby", description.id);
  root.append(title, picture, description, controls, note, heard, panel, source, help);
  el.append(root);

  const post = courier(model, (gone) => {
    if (gone) {
      note.setAttribute("aria-live", "polite");
      note.textContent = "No answer yet: another cell may be running. If the kernel was restarted, run this cell and those above it again.";
    }
    note.classList.toggle("labkit-lost", gone);
  });
  const known = new Map();
  let timer = 0, keyed = false, across = 0;

  // What a screen reader says. While the picture plays: nothing, it would be many lines a second. Else the note, where it is new;
  // and where a key changed only the picture, what is new in its description.
  function speak(view) {
    const silent = view.tick > 0, stopped = !silent && note.getAttribute("aria-live") === "off";
    const told = note.textContent !== view.note;
    note.setAttribute("aria-live", silent ? "off" : "polite");
    if (told || stopped) note.textContent = view.note;
    const before = description.textContent.split(". ");
    const news = view.alt.split(". ").filter((sentence) => !before.includes(sentence));
    heard.textContent = keyed && !told && !silent ? news.join(". ") : "";
    keyed = keyed && !post.idle();
  }

  // A line of words that once took two lines keeps the room: else, while the picture plays, the page below goes up and down.
  function steady() {
    if (note.clientWidth !== across) note.style.minHeight = "";
    across = note.clientWidth;
    if (across) note.style.minHeight = `${note.offsetHeight}px`;
  }

  function draw() {
    const view = model.get("view");
    const took = post.answered(view.n);
    if (took !== null) root.dataset.answerMs = took.toFixed(0);
    root.dataset.n = view.n;
    picture.innerHTML = view.svg;
    picture.firstChild.setAttribute("aria-hidden", "true");
    picture.classList.toggle("labkit-pointer", view.pointer !== "");
    picture.classList.toggle("labkit-drags", view.pointer === "drag");
    picture.setAttribute("aria-label", view.title);
    title.textContent = view.title;
    withCode(source, view.source);
    source.classList.toggle("labkit-fallback", !view.ours);
    if (!note.classList.contains("labkit-lost")) speak(view);
    steady();
    description.textContent = view.alt;
    help.textContent = view.help;
    panel.hidden = !view.panel;
    if (view.panel) {
      const heading = make("h3");
      heading.textContent = view.panel.heading;
      panel.replaceChildren(heading, ...view.panel.lines.map((line) => {
        const paragraph = make("p");
        withCode(paragraph, line);
        return paragraph;
      }));
    }
    for (const spec of view.controls) {
      if (!known.has(spec.name)) {
        known.set(spec.name, controlElement(spec, post.send));
        controls.append(known.get(spec.name));
      }
      fillControl(known.get(spec.name), spec, post.busy(spec.name));
    }
    clearTimeout(timer);
    if (view.tick) timer = setTimeout(tick, view.tick);
  }

  function tick() {
    if (!root.isConnected || document.hidden || !post.idle()) timer = setTimeout(tick, 300);
    else post.send({ type: "tick" });
  }

  // Plain keys are ours while the focus is here: else A would add a cell, and sliders would not move. With Ctrl or Cmd they stay
  // JupyterLab's, to save for example. It listens where events bubble up to, and before 4.1 on their way down: hence both.
  const plain = (event) => !(event.ctrlKey || event.metaKey);
  const shortcuts = (event) => root.toggleAttribute("data-lm-suppress-shortcuts", plain(event));
  window.addEventListener("keydown", shortcuts, true);
  root.addEventListener("keydown", (event) => plain(event) && event.stopPropagation());
  picture.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || !model.get("view").keys.includes(event.key)) return;
    event.preventDefault();
    keyed = true;
    post.send({ type: "key", key: event.key, shift: event.shiftKey, slides: event.repeat });
  });

  function place(event) {
    const svg = picture.firstChild;
    const box = svg.getBoundingClientRect();
    const scale = svg.viewBox.baseVal.width / box.width;
    return { x: (event.clientX - box.left) * scale, y: (event.clientY - box.top) * scale, shift: event.shiftKey };
  }
  let held = false;
  picture.addEventListener("pointerdown", (event) => {
    if (!model.get("view").pointer || event.button !== 0 || !event.isPrimary) return;
    held = true;
    picture.setPointerCapture(event.pointerId);
    post.send({ type: "down", ...place(event) });
  });
  picture.addEventListener("pointermove", (event) => {
    if (held && event.isPrimary) post.send({ type: "drag", ...place(event) });
  });
  picture.addEventListener("pointerup", (event) => {
    if (!held || !event.isPrimary) return;
    post.send({ type: "up", ...place(event) });
    held = false;
  });
  picture.addEventListener("pointercancel", () => { held = false; });     // the page scrolls or zooms: nobody let go here

  model.on("change:view", draw);
  draw();
  return () => {
    clearTimeout(timer);
    window.removeEventListener("keydown", shortcuts, true);
    model.off("change:view", draw);
  };
}

export default { render };
