// Explorable figures: replaces the picture in each <div class="explore" data-figure="..."> by controls and an SVG.
// What it shows lies beside the picture, as scripts that fill window.explore (a page opened from a disk may load
// scripts, but not JSON): one that says what the controls are, and one for each choice, with a frame for each place of
// the sliders, loaded when it is chosen. chapters/explore/figures.py and chapters/pruning/explorable.py make them.
(() => {
  "use strict";
  const COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7"]; // explore.css has those for a dark ground
  const [BLUE, RED, GREEN, PINK] = COLORS.map((color, i) => `var(--explore-${i}, ${color})`);
  const INK = "currentColor";
  const loading = {};

  function html(tag, properties, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  }

  function load(base, key) {
    return (loading[key] ??= new Promise((resolve, reject) => {
      const onload = () => resolve(window.explore[key]);
      const onerror = () => { delete loading[key]; reject(new Error(`${key}.js is missing`)); };
      document.head.append(html("script", { src: `${base}${key}.js`, onload, onerror }));
    }));
  }

  // ---- drawing: a plot is a rectangle of an SVG with two scales ----

  function draw(parent, tag, attributes, text = "") {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.textContent = text;
    parent.append(element);
    return element;
  }

  class Plot {
    static count = 0;
    constructor(svg, top, width, height, [x0, x1], [y0, y1], title = "") {
      const [left, id] = [40, `explore-clip-${Plot.count++}`];
      this.x = (x) => left + ((x - x0) / (x1 - x0)) * width;
      this.y = (y) => top + height - ((y - y0) / (y1 - y0)) * height;
      const frame = { x: left, y: top, width, height };
      draw(draw(svg, "clipPath", { id }), "rect", frame);
      this.inside = draw(svg, "g", { "clip-path": `url(#${id})` });
      draw(svg, "rect", { ...frame, fill: "none", stroke: INK, "stroke-opacity": 0.4 });
      const label = (x, y, anchor, text) =>
        draw(svg, "text", { x, y, "text-anchor": anchor, fill: INK, "font-size": 12 }, text);
      label(left, top - 7, "start", title);
      for (const v of [y0, y1]) label(left - 5, this.y(v) + 4, "end", +v.toPrecision(2));
      const below = (v) => label(this.x(v), top + height + 15, "middle", +v.toPrecision(3));
      this.ticks = () => [x0, (x0 + x1) / 2, x1].forEach(below);
    }
    line(points, stroke, more = {}) {
      const path = points.map(([x, y]) => `${this.x(x).toFixed(1)},${this.y(y).toFixed(1)}`).join(" ");
      draw(this.inside, "polyline", { points: path, fill: "none", stroke, "stroke-width": 2, ...more });
    }
    mark(shape, [u, v], color, r = 4) {
      const [x, y] = [this.x(u), this.y(v)];
      const d = {
        cross: `M${x - r},${y - r}l${2 * r},${2 * r}m0,${-2 * r}l${-2 * r},${2 * r}`,
        plus: `M${x - r},${y}h${2 * r}M${x},${y - r}v${2 * r}`,
        tick: `M${x},${y - r}v${2 * r}`,
        diamond: `M${x},${y - r}l${r},${r}l${-r},${r}l${-r},${-r}z`,
        disc: `M${x - r},${y}a${r},${r} 0 1,0 ${2 * r},0a${r},${r} 0 1,0 ${-2 * r},0z`,
      }[shape];
      const solid = { fill: color, stroke: "var(--md-default-bg-color, #fff)", "stroke-width": 1.2 };
      const open = { fill: "none", stroke: color, "stroke-width": 1.8 };
      draw(this.inside, "path", { d, ...(shape === "diamond" || shape === "disc" ? solid : open) });
    }
  }

  // ---- the figures: each draws frame n; it returns its height, and the sentence that says what is seen ----

  const digits = (value) => String(+value.toPrecision(3));
  const place = (point) => (point.length > 1 ? `(${point.map(digits).join(", ")})` : digits(point[0]));

  function told({ good, bad, choice, scores, chosen, loss }, n) {
    const how = scores ? `log l/g ${digits(scores[chosen])}, the largest of ${scores.length}` : "drawn at random";
    const known = `Trial ${n}. ${good.length} good, ${bad.length} bad before it.`;
    return `${known} Chosen: ${place(choice)}, ${how}; its loss: ${digits(loss)}.`;
  }

  function history(plot, frames, { good, bad }, at) {
    for (const i of bad) plot.mark("cross", at(frames[i]), RED, 3.5);
    for (const i of good) plot.mark("disc", at(frames[i]), BLUE, 5);
  }

  function tpe1d(svg, width, { loss, frames }, n) {
    const { choice, candidates, scores = [], chosen, l = [], g = [], loss: found } = frames[n];
    const ratio = l.map((value, i) => Math.log(value / g[i]));
    const points = (values) => values.map((value, i) => [i / (values.length - 1), value]);
    const ranges = [
      [0, Math.max(...loss) + 0.05],
      [0, 1.08 * Math.max(2, ...l, ...g)],
      [Math.min(-2, ...ratio) - 0.3, Math.max(2, ...ratio, ...scores) + 0.4],
    ];
    const titles = ["loss", "densities", "log l/g"];
    const plots = ranges.map((range, i) => new Plot(svg, 22 + 148 * i, width - 50, 118, [0, 1], range, titles[i]));
    for (const plot of plots) plot.line([[choice[0], -99], [choice[0], 99]], PINK, { "stroke-dasharray": "3 3" });
    const [above, middle, below] = plots;
    above.line(points(loss), INK, { "stroke-width": 1.2 });
    history(above, frames, frames[n], (frame) => [frame.choice[0], frame.loss]);
    above.mark("diamond", [choice[0], found], PINK, 7);
    middle.line(points(g), RED, { "stroke-dasharray": "7 4" });
    middle.line(points(l), BLUE);
    below.line([[0, 0], [1, 0]], INK, { "stroke-width": 1, "stroke-opacity": 0.4 });
    below.line(points(ratio), GREEN);
    scores.forEach((score, i) => below.mark("tick", [candidates[i][0], score], INK, 7));
    if (candidates) below.mark("diamond", [choice[0], scores[chosen]], PINK, 7);
    below.ticks();
    return [462, told(frames[n], n)];
  }

  function square(svg, width, ranges = [[0, 1], [0, 1]]) {
    const side = Math.min(width - 50, 480);
    const plot = new Plot(svg, 8, side, side, ...ranges);
    plot.ticks();
    return [plot, side];
  }

  function contours(plot, { levels, optimum }) {
    for (const line of levels) plot.line(line, INK, { "stroke-width": 0.8, "stroke-opacity": 0.35 });
    plot.mark("plus", optimum, INK, 9);
  }

  function tpe2d(svg, width, figure, n, shown) {
    const { choice, candidates = [], l = [], g } = figure.frames[n];
    const [plot, side] = square(svg, width);
    const k = Math.sqrt(l.length);
    l.forEach((value, i) => {
      const log = (shown === "l" ? value : shown === "g" ? g[i] : value - g[i]) / 20;
      const share = shown === "ratio" ? Math.abs(log) / 4 : Math.exp(log) / 8;
      const fill = shown === "l" || (shown === "ratio" && log > 0) ? BLUE : RED;
      const [x, y, size] = [plot.x((i % k) / k), plot.y((Math.floor(i / k) + 1) / k), side / k + 0.3];
      const opacity = Math.min(0.7, 0.7 * share).toFixed(2);
      draw(plot.inside, "rect", { x, y, width: size, height: size, fill, "fill-opacity": opacity });
    });
    contours(plot, figure);
    history(plot, figure.frames, figure.frames[n], (frame) => frame.choice);
    for (const candidate of candidates) plot.mark("plus", candidate, INK, 4);
    plot.mark("diamond", choice, PINK, 8);
    return [side + 32, told(figure.frames[n], n)];
  }

  function cma(svg, width, figure, n, shown) {
    const { mean, sigma, axes, ellipse, samples, p_sigma, p_c, best } = figure.frames[n];
    const close = mean.map((m) => [m - 3 * axes[0], m + 3 * axes[0]]);
    const [plot, side] = square(svg, width, shown === "close" ? close : undefined);
    contours(plot, figure);
    plot.line(figure.frames.slice(0, n + 1).map((frame) => frame.mean), BLUE, { "stroke-width": 1 });
    plot.line(ellipse, BLUE);
    // The paths have no unit of length: they are drawn as steps of sigma from the mean.
    const step = (path) => [mean, mean.map((m, i) => m + sigma * path[i])];
    plot.line(step(p_sigma), GREEN, { "stroke-width": 3 });
    plot.line(step(p_c), PINK, { "stroke-width": 3, "stroke-dasharray": "6 3" });
    const parent = (i) => i < samples.length / 2;
    samples.forEach((at, i) => plot.mark(parent(i) ? "disc" : "cross", at, RED, parent(i) ? 5 : 3.5));
    plot.mark("disc", mean, BLUE, 5);
    const where = `Generation ${n}. Mean ${place(mean)}, σ ${digits(sigma)}`;
    const size = `half axes ${axes.map(digits).join(" and ")}; best loss of its points: ${digits(best)}.`;
    return [side + 32, `${where}, ${size}`];
  }

  function pruning(svg, width, { curves, best, range, label, frames }, n) {
    const [text, saved, regret] = frames[n];
    const lengths = [...text].map((digit) => parseInt(digit, 36)); // the steps that each trial has run
    const [trials, steps] = [curves.length, curves[0].length];
    const stopped = [...curves.keys()].filter((i) => lengths[i] < steps);
    const whole = [...curves.keys()].filter((i) => lengths[i] === steps);
    const above = new Plot(svg, 22, width - 50, 250, [0, steps], range, label);
    const below = new Plot(svg, 320, width - 50, 70, [-1, trials], [0, steps], "steps run, by trial");
    for (const i of [...stopped, ...whole, best]) {
      const color = i === best ? PINK : lengths[i] < steps ? RED : BLUE;
      const points = curves[i].map((loss, step) => [step + 1, loss]);
      const more = { "stroke-width": i === best ? 3 : 1.2 };
      above.line(points, color, { ...more, "stroke-opacity": i === best ? 0.8 : 0.3, "stroke-dasharray": "2 4" });
      above.line(points.slice(0, lengths[i]), color, more);
      below.line([[i, 0], [i, lengths[i]]], color, { "stroke-width": 4 });
      if (lengths[i] < steps) above.mark("cross", points[lengths[i] - 1], color, i === best ? 7 : 3.5);
    }
    above.ticks();
    const seen = `Saved: ${saved} % of ${trials * steps} steps. ${stopped.length} of ${trials} trials are stopped.`;
    const fate = `is stopped at step ${lengths[best]}; the best that is left ends ${digits(regret)} higher.`;
    return [400, `${seen} Trial ${best}, which ends lowest, ${stopped.includes(best) ? fate : "runs to its end."}`];
  }

  const FIGURES = { "tpe-1d": tpe1d, "tpe-2d": tpe2d, "cma-ellipsoid": cma, "cma-rosenbrock": cma, pruning };

  // ---- one figure on the page: its controls, and what happens when they move ----

  async function begin(box) {
    const name = box.dataset.figure;
    const base = box.querySelector("img").src.replace(/[^/]*$/, "");
    const { controls, sliders, ...fixed } = await load(base, name);
    const svg = draw(html("div", {}), "svg", { role: "img" });
    const caption = html("output", { className: "explore-caption" });
    const selects = controls.map(({ values, names }) =>
      html("select", {}, ...values.map((value, i) => html("option", { value }, names[i]))));
    const ranges = sliders.map(({ label, values, start }) =>
      html("input", { type: "range", min: 0, max: values.length - 1, value: start, ariaLabel: label, oninput: show }));
    let run, wanted;

    function show() {
      const width = Math.max(240, Math.min(box.clientWidth, 720));
      let n = 0; // of the frame: the last slider's places follow each other
      sliders.forEach(({ label, values }, k) => {
        const said = `${label} ${values[ranges[k].value]}`;
        ranges[k].setAttribute("aria-valuetext", said);
        ranges[k].parentElement.firstChild.textContent = said;
        n = n * values.length + Number(ranges[k].value);
      });
      svg.replaceChildren();
      const [height, text] = FIGURES[name](svg, width, { ...fixed, ...run }, n, selects.at(-1).value);
      const attributes = { width, height, viewBox: `0 0 ${width} ${height}`, "aria-label": text };
      for (const [key, value] of Object.entries(attributes)) svg.setAttribute(key, value);
      caption.textContent = text;
    }

    async function choose() {
      const key = [name, ...selects.filter((_, i) => controls[i].run).map((select) => select.value)].join("-");
      wanted = key;
      const found = await load(base, key);
      if (key !== wanted) return; // another was chosen meanwhile
      run = found;
      show();
    }

    const rows = ranges.map((range) => {
      const move = (by) => { range.value = Number(range.value) + by; show(); };
      const button = (text, ariaLabel, by) =>
        html("button", { type: "button", ariaLabel, onclick: () => move(by) }, text);
      const [back, on] = [button("‹", "One back", -1), button("›", "One on", 1)];
      return html("div", { className: "explore-slider" }, html("span", {}), back, range, on);
    });
    const choices = html("div", { className: "explore-choices" });
    choices.append(...selects.map((select, i) => html("label", {}, `${controls[i].label} `, select)));
    choices.onchange = () => choose().catch((error) => (caption.textContent = error.message));
    await choose();
    box.replaceChildren(choices, ...rows, svg, caption);
    new ResizeObserver(() => box.clientWidth && show()).observe(box);
    box.dataset.ready = "yes";
  }

  const begun = (box) => begin(box).catch(console.warn); // the picture stays
  const start = () => document.querySelectorAll(".explore[data-figure]").forEach(begun);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
