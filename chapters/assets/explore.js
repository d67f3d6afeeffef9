// Explorable figures: replaces the picture in each <div class="explore" data-figure="..."> by controls and an SVG.
// The frames lie beside the picture, made by chapters/explore/figures.py, as scripts that fill window.explore:
// a page that is opened from a disk may load scripts, but not JSON. A run's file is loaded when it is chosen.
(() => {
  "use strict";
  const NS = "http://www.w3.org/2000/svg";
  const [BLUE, RED, GREEN, PINK] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7"].map((c, i) => `var(--explore-${i}, ${c})`);
  const INK = "currentColor";
  const data = (window.explore ??= {});
  const loading = {};

  function load(base, key) {
    loading[key] ??= new Promise((resolve, reject) => {
      if (data[key]) return resolve();
      const script = document.createElement("script");
      script.src = `${base}${key}.js`;
      script.onload = resolve;
      script.onerror = () => { delete loading[key]; script.remove(); reject(new Error(`${key}.js is missing`)); };
      document.head.append(script);
    });
    return loading[key].then(() => data[key]);
  }

  function html(tag, properties, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  // ---- drawing: a plot is a rectangle of an SVG with two scales ----

  function draw(parent, tag, attributes, text) {
    const element = document.createElementNS(NS, tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    if (text !== undefined) element.textContent = text;
    parent.append(element);
    return element;
  }

  class Plot {
    constructor(svg, left, top, width, height, [x0, x1], [y0, y1]) {
      Object.assign(this, { svg, left, top, width, height });
      this.x = (x) => left + ((x - x0) / (x1 - x0)) * width;
      this.y = (y) => top + height - ((y - y0) / (y1 - y0)) * height;
      const id = `explore-clip-${(Plot.count = (Plot.count ?? 0) + 1)}`;
      draw(draw(svg, "clipPath", { id }), "rect", { x: left, y: top, width, height });
      this.inside = draw(svg, "g", { "clip-path": `url(#${id})` });
      draw(svg, "rect", { x: left, y: top, width, height, fill: "none", stroke: INK, "stroke-opacity": 0.4 });
      for (const v of [y0, y1]) this.label(left - 5, this.y(v) + 4, +v.toPrecision(2), "end");
      this.ticks = () => [x0, (x0 + x1) / 2, x1].forEach((v) => this.label(this.x(v), top + height + 15, +v.toPrecision(3), "middle"));
    }
    label(x, y, text, anchor = "start", fill = INK) {
      draw(this.svg, "text", { x, y, "text-anchor": anchor, fill, "font-size": 12 }, text);
    }
    line(points, stroke, more = {}) {
      const path = points.map(([x, y]) => `${this.x(x).toFixed(1)},${this.y(y).toFixed(1)}`).join(" ");
      draw(this.inside, "polyline", { points: path, fill: "none", stroke, "stroke-width": 2, ...more });
    }
    mark(shape, [u, v], color, r = 4) {
      const [x, y] = [this.x(u), this.y(v)];
      const stroke = { stroke: color, "stroke-width": 1.8, fill: "none" };
      const path = {
        cross: `M${x - r},${y - r}l${2 * r},${2 * r}m0,${-2 * r}l${-2 * r},${2 * r}`,
        plus: `M${x - r},${y}h${2 * r}M${x},${y - r}v${2 * r}`,
        tick: `M${x},${y - r}v${2 * r}`,
        diamond: `M${x},${y - r}l${r},${r}l${-r},${r}l${-r},${-r}z`,
        disc: `M${x - r},${y}a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0z`,
      }[shape];
      const ground = { fill: color, stroke: "var(--md-default-bg-color, #fff)", "stroke-width": 1.2 };
      draw(this.inside, "path", { d: path, ...(shape === "diamond" || shape === "disc" ? ground : stroke) });
    }
  }

  // ---- the figures: each draws frame n and returns the sentence that says what is seen ----

  const digits = (value) => (value === undefined ? "" : String(+value.toPrecision(3)));
  const place = (point) => (point.length > 1 ? `(${point.map(digits).join(", ")})` : digits(point[0]));

  function told(frame, n) {
    const first = `Trial ${n}. ${frame.good.length} good, ${frame.bad.length} bad before it. `;
    const how = frame.scores ? `log l/g ${digits(frame.scores[frame.chosen])}, the largest of ${frame.scores.length}` : "drawn at random";
    return `${first}Chosen: ${place(frame.choice)}, ${how}; its loss: ${digits(frame.loss)}.`;
  }

  function history(plot, frames, frame, at) {
    for (const i of frame.bad) plot.mark("cross", at(frames[i]), RED, 3.5);
    for (const i of frame.good) plot.mark("disc", at(frames[i]), BLUE, 5);
  }

  function tpe1d(svg, width, { loss, optimum }, frames, n) {
    const frame = frames[n];
    const xs = loss.map((_, i) => i / (loss.length - 1));
    const ratio = frame.l && frame.l.map((l, i) => Math.log(l / frame.g[i]));
    const w = width - 50;
    const top = Math.max(2, ...(frame.l ?? []), ...(frame.g ?? []));
    const lowest = Math.min(-2, ...(ratio ?? []));
    const highest = Math.max(2, ...(ratio ?? []), ...(frame.scores ?? []));
    const plots = [[0, Math.max(...loss) + 0.05], [0, top * 1.08], [lowest - 0.3, highest + 0.4]].map(
      (range, i) => new Plot(svg, 40, 22 + 148 * i, w, 118, [0, 1], range));
    const [above, middle, below] = plots;
    for (const plot of plots) plot.line([[frame.choice[0], -99], [frame.choice[0], 99]], PINK, { "stroke-dasharray": "3 3" });
    above.line(xs.map((x, i) => [x, loss[i]]), INK, { "stroke-width": 1.2 });
    history(above, frames, frame, (f) => [f.choice[0], f.loss]);
    above.mark("diamond", [frame.choice[0], frame.loss], PINK, 7);
    if (frame.l) {
      middle.line(xs.map((x, i) => [x, frame.g[i]]), RED, { "stroke-dasharray": "7 4" });
      middle.line(xs.map((x, i) => [x, frame.l[i]]), BLUE);
      below.line([[0, 0], [1, 0]], INK, { "stroke-width": 1, "stroke-opacity": 0.4 });
      below.line(xs.map((x, i) => [x, ratio[i]]), GREEN);
      frame.candidates.forEach((c, i) => below.mark("tick", [c[0], frame.scores[i]], INK, 7));
      below.mark("diamond", [frame.choice[0], frame.scores[frame.chosen]], PINK, 7);
    }
    above.label(40, 15, "loss");
    middle.label(40, 163, "densities");
    below.label(40, 311, "log l/g");
    below.ticks();
    return [462, told(frame, n)];
  }

  function square(svg, width, { levels, optimum }) {
    const side = Math.min(width - 50, 480);
    const plot = new Plot(svg, 34, 8, side, side, [0, 1], [0, 1]);
    plot.ticks();
    const contours = () => {
      for (const line of levels) plot.line(line, INK, { "stroke-width": 0.8, "stroke-opacity": 0.35 });
      plot.mark("plus", optimum, INK, 9);
    };
    return [plot, side, contours];
  }

  function tpe2d(svg, width, landscape, frames, n, shown) {
    const frame = frames[n];
    const [plot, side, contours] = square(svg, width, landscape);
    if (frame.l) {
      const k = Math.sqrt(frame.l.length);
      frame.l.forEach((l, i) => {
        const value = (shown === "l" ? l : shown === "g" ? frame.g[i] : l - frame.g[i]) / 20;
        const share = shown === "ratio" ? Math.abs(value) / 4 : Math.exp(value) / 8;
        const fill = shown === "l" || (shown === "ratio" && value > 0) ? BLUE : RED;
        const [x, y] = [plot.x((i % k) / k), plot.y((Math.floor(i / k) + 1) / k)];
        const opacity = Math.min(0.7, 0.7 * share).toFixed(2);
        draw(plot.inside, "rect", { x, y, width: side / k + 0.3, height: side / k + 0.3, fill, "fill-opacity": opacity });
      });
    }
    contours();
    history(plot, frames, frame, (f) => f.choice);
    for (const c of frame.candidates ?? []) plot.mark("plus", c, INK, 4);
    plot.mark("diamond", frame.choice, PINK, 8);
    return [side + 32, told(frame, n)];
  }

  function cma(svg, width, landscape, frames, n, shown) {
    const frame = frames[n];
    const [plot, side, contours] = square(svg, width, landscape);
    if (shown === "close") {
      svg.replaceChildren();
      const r = 3 * frame.axes[0];
      const ranges = frame.mean.map((m) => [m - r, m + r]);
      Object.assign(plot, new Plot(svg, 60, 8, side - 26, side - 26, ...ranges));
      plot.ticks();
    }
    contours();
    plot.line(frames.slice(0, n + 1).map((f) => f.mean), BLUE, { "stroke-width": 1, "stroke-opacity": 0.7 });
    plot.line(frame.ellipse, BLUE);
    // The paths have no unit of length: they are drawn as steps of sigma from the mean.
    const step = (p) => [frame.mean, frame.mean.map((m, i) => m + frame.sigma * p[i])];
    plot.line(step(frame.p_sigma), GREEN, { "stroke-width": 3 });
    plot.line(step(frame.p_c), PINK, { "stroke-width": 3, "stroke-dasharray": "6 3" });
    frame.samples.forEach((s, i) => (i < frame.samples.length / 2 ? plot.mark("disc", s, RED, 5) : plot.mark("cross", s, RED, 3.5)));
    plot.mark("disc", frame.mean, BLUE, 5);
    const axes = frame.axes.map(digits).join(" and ");
    return [side + 32, `Generation ${n}. Mean ${place(frame.mean)}, σ ${digits(frame.sigma)}, half axes ${axes}; best loss of its points: ${digits(frame.best)}.`];
  }

  const FIGURES = {
    "tpe-1d": { draw: tpe1d, start: 30, unit: "Trial" },
    "tpe-2d": { draw: tpe2d, start: 30, unit: "Trial", shown: { label: "Shading", values: ["ratio", "l", "g"], names: ["log l/g", "l", "g"] } },
    "cma-ellipsoid": { draw: cma, start: 0, unit: "Generation", shown: { label: "View", values: ["all", "close"], names: ["all", "close up"] } },
  };
  FIGURES["cma-rosenbrock"] = FIGURES["cma-ellipsoid"];

  // ---- one figure on the page: its controls, and what happens when they move ----

  async function begin(box) {
    const name = box.dataset.figure;
    const base = box.querySelector("img").src.replace(/[^/]*$/, "");
    const landscape = (await load(base, "index"))[name];
    const figure = FIGURES[name];
    const svg = document.createElementNS(NS, "svg");
    svg.setAttribute("role", "img");
    const caption = html("output", { className: "explore-caption" });
    const range = html("input", { type: "range", min: 0, step: 1, value: figure.start, ariaLabel: figure.unit });
    const select = ({ label, values, names }) =>
      html("label", {}, `${label} `, html("select", {}, ...values.map((value, i) => html("option", { value }, names[i]))));
    const labels = landscape.controls.map(select);
    const shown = figure.shown && select(figure.shown);
    const button = (text, label, by) =>
      html("button", { type: "button", ariaLabel: label, onclick: () => { range.value = +range.value + by; show(); } }, text);
    const slider = html("div", { className: "explore-slider" }, button("‹", "One back", -1), range, button("›", "One on", 1));
    const choices = html("div", { className: "explore-choices" }, ...labels, ...(shown ? [shown] : []));
    let frames = [];

    function show() {
      const n = +range.value;
      const width = Math.max(240, Math.min(box.clientWidth, 720));
      svg.replaceChildren();
      const [height, text] = figure.draw(svg, width, landscape, frames, n, shown?.querySelector("select").value);
      for (const [key, value] of [["width", width], ["height", height], ["viewBox", `0 0 ${width} ${height}`], ["aria-label", text]])
        svg.setAttribute(key, value);
      range.setAttribute("aria-valuetext", `${figure.unit} ${n}`);
      caption.textContent = text;
    }
    let wanted;
    async function choose() {
      const key = (wanted = [name, ...labels.map((label) => label.querySelector("select").value)].join("-"));
      const run = await load(base, key);
      if (key !== wanted) return; // another was chosen meanwhile
      frames = run;
      range.max = frames.length - 1;
      show();
    }
    await choose();
    range.addEventListener("input", show);
    choices.addEventListener("change", () => choose().catch((error) => (caption.textContent = error.message)));
    box.replaceChildren(choices, slider, svg, caption);
    show();
    new ResizeObserver(() => box.clientWidth && show()).observe(box);
    box.dataset.ready = "yes";
  }

  const start = () => document.querySelectorAll(".explore[data-figure]").forEach((box) => begin(box).catch(console.warn)); // the picture stays
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
