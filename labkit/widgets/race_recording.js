function (place, film) {
  // Puts a player in the place of the still strip: play and stop, wind by slider or keys. All moments are in `film`; no kernel is asked.
  if (!place || place.dataset.ready) return;
  place.dataset.ready = "yes";
  const make = (tag, attributes = {}, text = "") => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.textContent = text;
    return element;
  };
  const root = make("section", {
    "data-lm-suppress-shortcuts": "true",
    style: 'max-width:860px;box-sizing:border-box;padding:12px 16px 10px;border:1px solid #cfcabd;border-radius:10px;background:#fdfcf9;' +
      'color:#22252b;color-scheme:light;font:14px/1.45 "DejaVu Sans",Verdana,"Segoe UI",sans-serif',
  });
  const screen = make("div", { role: "img", "aria-label": film.alt, style: "background:#fdfcf9;forced-color-adjust:none" });
  screen.innerHTML = film.svg;
  const svg = screen.firstChild, space = "http://www.w3.org/2000/svg";
  svg.setAttribute("style", "display:block;width:100%;height:auto");
  const racers = [];
  film.ways.forEach((course) => course.forEach((way, k) => {
    const look = film.looks[k];
    const trail = document.createElementNS(space, "path"), head = document.createElementNS(space, "path");
    for (const [name, value] of Object.entries({ fill: "none", stroke: look.color, "stroke-width": 2, "stroke-dasharray": look.dash })) {
      trail.setAttribute(name, value);
    }
    for (const [name, value] of Object.entries({ d: look.mark, fill: look.color, stroke: "#fdfcf9", "stroke-width": 1.5 })) {
      head.setAttribute(name, value);
    }
    racers.push({ way, trail, head });
  }));
  racers.forEach(({ trail }) => svg.append(trail));
  racers.forEach(({ head }) => svg.append(head));

  const bar = make("div", { style: "display:flex;flex-wrap:wrap;gap:8px 14px;align-items:center;margin:8px 0 2px" });
  const button = make("button", {
    type: "button",
    style: "font:inherit;color:#22252b;background:#fff;border:1px solid #6b6f78;border-radius:6px;padding:4px 14px;min-height:30px;min-width:5.5em",
  }, "Play");
  const slider = make("input", {
    type: "range", min: 0, max: film.frames, value: film.frames, "aria-label": "time", style: "flex:1;min-width:200px;min-height:24px;accent-color:#22252b",
  });
  const said = make("span", { "aria-hidden": "true", style: "min-width:min(24.5em,100%);font-variant-numeric:tabular-nums" });
  bar.append(button, slider, said);
  root.append(screen, bar);
  place.replaceChildren(root);

  let timer = 0;
  function show(frame) {
    slider.value = frame;
    const longest = Math.max(...film.steps);
    said.textContent = `${frame}% of the way (step ${Math.round(frame / film.frames * longest)} of the longest, ${longest})`;
    slider.setAttribute("aria-valuetext", said.textContent);
    for (const { way, trail, head } of racers) {
      let path = "", down = false;
      for (let k = 0; k <= frame; k++) {
        if (way[k]) path += `${down ? "L" : "M"}${way[k][0]} ${way[k][1]}`;
        down = Boolean(way[k]);
      }
      trail.setAttribute("d", path);
      head.setAttribute("visibility", way[frame] ? "visible" : "hidden");
      if (way[frame]) head.setAttribute("transform", `translate(${way[frame][0]} ${way[frame][1]})`);
    }
  }
  function stop() {
    clearInterval(timer);
    timer = 0;
    button.textContent = "Play";
  }
  function play() {
    if (timer) return stop();
    if (Number(slider.value) >= film.frames) show(0);
    button.textContent = "Pause";
    timer = setInterval(() => {
      if (!root.isConnected) return stop();
      const frame = Number(slider.value) + 1;
      show(frame);
      if (frame >= film.frames) stop();
    }, 80);
  }
  button.addEventListener("click", play);
  slider.addEventListener("input", () => { stop(); show(Number(slider.value)); });
  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey) return;
    event.stopPropagation();
    if (event.key === " " && event.target !== button) { event.preventDefault(); play(); }
  });
  show(film.frames);
}
