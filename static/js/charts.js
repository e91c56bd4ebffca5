/* Large charts with Plotly, in the colours of the page. Small ones are drawn by the server.

   <figure data-chart="id-of-json"><div class="plot"></div><figcaption data-chart-said></figcaption>
   <script type="application/json" id="id-of-json">{
     "x": ["2026-W22", …], "labels": ["Week 22", …],
     "line": [number or null, …], "low": […] or null, "high": […] or null, "bars": false, "unit": "h",
     "target": number or null, "target_label": "target 24 h", "line_label": "median 31 h", "low_label": "", "high_label": "",
     "hover": ["one sentence", …], "tone": "" | "ok" | "risk" | "late", "partial": false, "zero": false }</script></figure>

   null is a gap, never 0. With `partial` the last week is not over: its point is hollow and the way to it dashed. */
(() => {
  "use strict";
  const probe = document.createElement("span");

  /** The colour that a variable has in the theme of this moment, as rgb(). */
  const colour = (name, alpha = 1) => {
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    const [red, green, blue] = getComputedStyle(probe).color.match(/[\d.]+/g);
    probe.remove();
    return `rgba(${red},${green},${blue},${alpha})`;
  };

  const last = (values) => {
    for (let at = (values || []).length - 1; at >= 0; at -= 1) if (values[at] !== null) return at;
    return -1;
  };

  /** Parts of a line without a gap, so that a band closes on each side of a hole. */
  const runs = (low, high) => {
    const found = [];
    let run = null;
    low.forEach((value, at) => {
      if (value === null || high[at] === null) { run = null; return; }
      if (!run) found.push(run = []);
      run.push(at);
    });
    return found;
  };

  const niceTop = (data) => {
    const values = [data.line, data.high, [data.target]].flat().filter((value) => value !== null && value !== undefined);
    return Math.max(...values, 0);
  };

  const traces = (data) => {
    const at = data.x.map((_, index) => index);
    const hover = { hoverinfo: "none" };
    const ink = colour("fc");
    const parts = [];
    if (data.low && data.high) {
      runs(data.low, data.high).forEach((run) => parts.push({
        ...hover, type: "scatter", mode: "lines", line: { width: 0 }, fill: "toself", fillcolor: colour("fc", 0.16), hoverinfo: "skip",
        x: [...run, ...[...run].reverse()], y: [...run.map((index) => data.high[index]), ...[...run].reverse().map((index) => data.low[index])],
      }));
    }
    const end = last(data.line);
    const dot = data.tone ? colour(`${data.tone}-fill`) : colour("ink");
    if (data.bars) {
      const fills = data.line.map((_, index) => index === end && data.tone ? dot : colour(index === end ? "fc" : "fc-mid"));
      const part = data.partial && end === data.line.length - 1;
      parts.push({ ...hover, type: "bar", x: at, y: data.line, width: 0.66, marker: {
        color: fills.map((fill, index) => part && index === end ? "rgba(0,0,0,0)" : fill),
        line: { width: fills.map((_, index) => part && index === end ? 1.5 : 0), color: fills } } });
    } else {
      const whole = data.partial ? data.line.map((value, index) => index === end ? null : value) : data.line;
      parts.push({ ...hover, type: "scatter", mode: "lines", x: at, y: whole, connectgaps: false, line: { color: ink, width: 2, shape: "linear" } });
      const alone = whole.map((value, index) => value !== null && (whole[index - 1] ?? null) === null && (whole[index + 1] ?? null) === null ? value : null);
      parts.push({ ...hover, type: "scatter", mode: "markers", x: at, y: alone, marker: { color: ink, size: 5 } });
      if (data.partial && end > 0 && data.line[end - 1] !== null) {
        parts.push({ ...hover, type: "scatter", mode: "lines", x: [end - 1, end], y: [data.line[end - 1], data.line[end]], line: { color: ink, width: 2, dash: "dot" } });
      }
      if (end >= 0) {
        parts.push({ ...hover, type: "scatter", mode: "markers", x: [end], y: [data.line[end]], cliponaxis: false,
          marker: { size: 9, color: data.partial ? colour("bg") : dot, line: { width: 2, color: data.partial ? dot : colour("bg") } } });
      }
    }
    const floor = Math.min(...data.line.filter((value) => value !== null), niceTop(data));
    parts.push({ ...hover, type: "scatter", mode: "markers", x: at, y: data.line.map((value) => value ?? floor), marker: { opacity: 0, size: 1 } });
    return parts;
  };

  /** Words at the ends of lines, pushed apart so that none covers another. */
  const endWords = (data, height, range) => {
    const words = [];
    const add = (value, text, strong) => { if (text && value !== null && value !== undefined) words.push({ value, text, strong }); };
    const edge = (values) => { const at = last(values); return at < 0 ? null : values[at]; };
    add(edge(data.high), data.high_label, false);
    add(edge(data.line), data.line_label, true);
    add(data.target, data.target_label, false);
    add(edge(data.low), data.low_label, false);
    const pixel = (value) => (1 - (value - range[0]) / (range[1] - range[0])) * height;
    const placed = words.map((word) => ({ ...word, y: pixel(word.value) })).sort((a, b) => a.y - b.y);
    for (let round = 0; round < 20; round += 1) {
      placed.forEach((word, index) => {
        const next = placed[index + 1];
        const gap = next ? next.y - word.y : 99;
        if (gap < 16) { const push = (16 - gap) / 2; word.y -= push; next.y += push; }
      });
    }
    return placed.map((word) => ({
      xref: "paper", x: 1, xanchor: "left", xshift: 14, yref: "y", y: word.value, yshift: Math.round(pixel(word.value) - word.y), yanchor: "middle",
      showarrow: false, align: "left", text: word.strong ? `<b>${escape(word.text)}</b>` : escape(word.text),
      font: { color: word.strong ? colour("ink") : colour("ink-3"), size: word.strong ? 13 : 12 },
    }));
  };
  const escape = (text) => text.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" }[sign]));

  /** At most four lines across, at round numbers. */
  const grid = (low, high) => {
    const rough = (high - low) / 3;
    const size = 10 ** Math.floor(Math.log10(rough || 1));
    const step = [1, 1.5, 2, 2.5, 3, 4, 5, 10].map((one) => one * size).find((one) => one >= rough) || size;
    const ticks = [];
    for (let tick = Math.ceil(low / step) * step; tick <= high + step / 1e6; tick += step) ticks.push(Number(tick.toPrecision(12)));
    return ticks.slice(0, 4);
  };

  /** Room at the right for the longest words at the end of a line. */
  const room = (data) => {
    const words = [data.line_label, data.target_label, data.high_label, data.low_label].filter(Boolean);
    return Math.min(190, Math.max(40, ...words.map((word) => word.length * 6.7 + 24)));
  };

  const layout = (data, plot) => {
    const narrow = plot.clientWidth < 560;
    const high = niceTop(data) * 1.06 || 1;
    const values = [data.line, data.low || []].flat().filter((value) => value !== null);
    const low = data.bars || data.zero ? 0 : Math.max(0, Math.min(...values, data.target ?? Infinity) - high * 0.12);
    const range = [Number.isFinite(low) ? low : 0, high];
    const ticks = grid(...range);
    const margin = { t: 10, b: 26, l: 36, r: narrow ? 16 : room(data), pad: 0 };
    const height = plot.clientHeight - margin.t - margin.b;
    const every = Math.max(1, Math.ceil(data.x.length / (narrow ? 4 : 8)));
    const shown = data.x.map((_, index) => index).filter((index) => (data.x.length - 1 - index) % every === 0);
    const font = { family: "Inter, system-ui, sans-serif", size: 12, color: colour("ink-3") };
    const words = narrow ? [] : endWords(data, height, range);
    return {
      template: "none", autosize: true, margin, font, showlegend: false, hovermode: "x", dragmode: false, bargap: 0.34,
      paper_bgcolor: colour("bg"), plot_bgcolor: colour("bg"),
      xaxis: { range: [data.bars ? -0.6 : -0.15, data.x.length - (data.bars ? 0.4 : 0.85)], fixedrange: true, showgrid: false, zeroline: false, showline: true,
        linecolor: colour("line-strong"), ticks: "", tickvals: shown, tickangle: 0,
        ticktext: shown.map((index, place) => place === 0 ? data.labels[index] : data.labels[index].replace(/^Week /, "")),
        showspikes: !data.bars, spikemode: "across", spikethickness: 1, spikedash: "solid", spikecolor: colour("line-strong"), spikesnap: "data" },
      yaxis: { range, fixedrange: true, zeroline: false, showline: false, gridcolor: colour("line"), tickvals: ticks,
        ticktext: ticks.map((tick, place) => place === ticks.length - 1 ? `${tick.toLocaleString("en-GB")}${data.unit === "%" ? "%" : ` ${data.unit || ""}`}`.trim() : tick.toLocaleString("en-GB")) },
      annotations: words,
      shapes: data.target === null || data.target === undefined ? [] : [{
        type: "line", xref: "paper", x0: 0, x1: 1, y0: data.target, y1: data.target, line: { color: colour("ink-3"), width: 1, dash: "2px,3px" }, layer: "below" }],
    };
  };

  const draw = (figure) => {
    const source = document.getElementById(figure.dataset.chart);
    const plot = figure.querySelector(".plot");
    if (!source || !plot || !window.Plotly) return;
    const data = JSON.parse(source.textContent);
    window.Plotly.react(plot, traces(data), layout(data, plot), { displayModeBar: false, responsive: false, scrollZoom: false, doubleClick: false, showTips: false });
    const said = figure.querySelector("[data-chart-said]");
    if (!said) return;
    const rest = [data.line_label, data.target_label, data.high_label, data.low_label].filter(Boolean).join(" · ");
    const calm = () => { said.textContent = plot.clientWidth < 560 ? rest : ""; };
    calm();
    plot.removeAllListeners("plotly_hover");
    plot.removeAllListeners("plotly_unhover");
    plot.on("plotly_hover", (event) => { said.textContent = data.hover?.[event.points[0].x] || ""; });
    plot.on("plotly_unhover", calm);
  };

  const figures = (within = document) => [...within.querySelectorAll("[data-chart]")];
  const drawAll = (within) => figures(within?.querySelectorAll ? within : document).forEach(draw);

  let width = 0;
  let soon = 0;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    cancelAnimationFrame(soon);
    soon = requestAnimationFrame(() => drawAll());
  });
  document.addEventListener("plumbline:theme", () => drawAll());
  document.addEventListener("htmx:afterSettle", (event) => drawAll(event.detail.elt));
  drawAll();
})();
