"use strict";
(() => {
  const data = JSON.parse(document.getElementById("values").textContent);
  const total = data.total;
  const hourly = data.step === "hour";
  const step = hourly ? 3600 : 86400;
  const SERIES = 7;

  // Text goes in as text and never as markup: names in here are anybody's.
  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes ?? {})) element.setAttribute(name, value);
    element.append(...children.filter((child) => child !== null));
    return element;
  }
  const into = (id, ...children) => document.getElementById(id).append(...children);

  function money(usd) {
    if (usd === null || usd === undefined) return "–";
    const size = Math.abs(usd);
    const sign = usd < 0 ? "−" : "";
    if (size === 0) return "$0";
    if (size >= 1000) return sign + "$" + size.toLocaleString("en", { maximumFractionDigits: 0 });
    if (size >= 1) return sign + "$" + size.toFixed(2);
    if (size < 0.000001) return sign + "<$0.000001";
    return sign + "$" + String(Number(size.toPrecision(3)).toFixed(Math.min(8, 2 - Math.floor(Math.log10(size)))));
  }
  function count(number) {
    if (number >= 1e9) return (number / 1e9).toPrecision(3) + " bn";
    if (number >= 1e6) return (number / 1e6).toPrecision(3) + " m";
    return number.toLocaleString("en");
  }
  // The ticks of one axis in the same number of places.
  function evenMoney(most) {
    const places = most >= 100 ? 0 : most >= 1 ? 2 : Math.min(8, 2 - Math.floor(Math.log10(Math.max(most, 1e-8))));
    return (usd) => (usd === 0 ? "$0" : "$" + (usd >= 1000 ? usd.toLocaleString("en") : usd.toFixed(places)));
  }
  const percent = (share) => (share === null || share === undefined ? "–" : (share * 100).toFixed(Math.abs(share) < 0.1 ? 1 : 0) + " %");
  function duration(ms) {
    if (ms === null || ms === undefined) return "–";
    if (ms === 0) return "0";
    if (ms >= 60000) return (ms / 60000).toFixed(1) + " min";
    if (ms >= 1000) return (ms / 1000).toFixed(2) + " s";
    return (ms < 10 ? ms.toFixed(1) : ms.toFixed(0)) + " ms";
  }
  const iso = (ms) => new Date(ms).toISOString();
  const moment = (ms) => iso(ms).slice(0, 16).replace("T", " ");
  const label = (seconds) => (hourly ? moment(seconds * 1000) + " UTC" : iso(seconds * 1000).slice(0, 10));
  const named = (value, none) => (value === null || value === undefined ? make("span", { class: "none" }, none) : value);

  // --- head and cards ---

  const span = data.first_ms === null ? "No requests" : `${moment(data.first_ms)} to ${moment(data.last_ms)} UTC`;
  into("span", `${span} · made ${data.made_at.slice(0, 16).replace("T", " ")} UTC · from ${data.source === "sqlite" ? "the database" : "memory"}`);
  if (total.sandbox > 0) {
    const all = total.sandbox === total.requests;
    into("banners", make("p", { class: "banner" }, `${all ? "All" : count(total.sandbox)} of these requests were answered by the built-in sandbox. Its prices are made up: nobody paid or saved that money.`));
  }
  if (data.forgotten > 0) {
    into("banners", make("p", { class: "banner" }, `${count(data.forgotten)} earlier requests are not in here: memory keeps only so many. Set ledger.sqlite to keep them all.`));
  }

  function card(name, value, note, kind) {
    return make("div", { class: "card" }, make("div", { class: "name" }, name), make("div", { class: "value " + (kind ?? "") }, value), make("div", { class: "note" }, note ?? ""));
  }
  function against(name, other, which) {
    if (other.requests === 0) return card(name, "–", "No request can be compared.");
    const models = other.models.length === 0 ? "" : ` Compared with ${other.models.slice(0, 3).join(", ")}${other.models.length > 3 ? " and others" : ""}.`;
    const share = other.saved_share === null ? "" : ` (${percent(other.saved_share)})`;
    const text = `${which} would have cost ${money(other.cost)}; these ${count(other.requests)} answers did cost ${money(other.actual)}.${models}`;
    return card(name, money(other.saved) + share, text, other.saved_nanos < 0 ? "bad" : "good");
  }
  into("saved",
    against("Against the baseline", total.baseline, "The baseline, by default the dearest model that could have answered each request,"),
    against("Against the best single model", total.best_single, "The ablest model that could have answered each request"));
  into("sums",
    card("Cost", money(total.cost), total.side_cost_nanos > 0 ? `${money(total.side_cost)} of it probes and copies` : `${money(total.requests ? total.cost / total.requests : 0)} a request`),
    card("Requests", count(total.requests), `${count(total.answered)} answered`),
    card("Errors", percent(total.error_rate), `${count(total.errors)} failed, ${count(total.cancelled)} given up`),
    card("Mended", count(total.retried), `asked again or elsewhere; ${count(total.resumed)} streams completed`),
    card("Latency", duration(total.latency_ms.p50), `median; p95 ${duration(total.latency_ms.p95)}, p99 ${duration(total.latency_ms.p99)}`),
    card("First token", duration(total.first_token_ms.p50), `median of streams; p95 ${duration(total.first_token_ms.p95)}`),
    card("Tokens", count(total.tokens.input + total.tokens.output), `${count(total.tokens.input)} in, ${count(total.tokens.output)} out`),
    card("Cache", total.cached.rate === null ? "–" : percent(total.cached.rate), total.cached.rate === null ? "not in use" : `${count(total.cached.hit + total.cached.semantic)} answered from it`));

  // --- time axis: every step, also those without requests ---

  const seconds = (row) => Date.parse(hourly ? row.group.hour.replace("Z", ":00Z") : row.group.day + "T00:00:00Z") / 1000;
  const rows = new Map(data.over_time.map((row) => [seconds(row), row]));
  const times = [];
  if (rows.size > 0) {
    const last = Math.max(...rows.keys());
    for (let at = Math.min(...rows.keys()); at <= last; at += step) times.push(at);
  }
  const over = (pick, none) => times.map((at) => (rows.has(at) ? pick(rows.get(at)) : none));

  function modelSeries() {
    const sums = new Map();
    for (const row of data.models_over_time) {
      const name = row.group.model;
      sums.set(name, (sums.get(name) ?? 0) + row.cost_nanos);
    }
    const ranked = [...sums].filter(([, sum]) => sum > 0).sort((a, b) => b[1] - a[1]).map(([name]) => name);
    const shown = ranked.length > SERIES + 1 ? ranked.slice(0, SERIES) : ranked;
    const values = new Map(shown.map((name) => [name, times.map(() => 0)]));
    const rest = times.map(() => 0);
    const index = new Map(times.map((at, i) => [at, i]));
    for (const row of data.models_over_time) {
      const at = index.get(seconds(row));
      (values.get(row.group.model) ?? rest)[at] += row.cost;
    }
    const series = shown.map((name, i) => ({ name: name ?? "no model", values: values.get(name), color: i }));
    return ranked.length > shown.length ? [...series, { name: `${ranked.length - shown.length} others`, values: rest, color: 7 }] : series;
  }

  // --- charts ---

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const drawn = [];

  function chart(title, series, format, options) {
    const { stacked = false, bars = false, whole = false } = options ?? {};
    const at = make("span", { class: "at" });
    const numbers = series.map(() => make("span", { class: "number" }));
    const legend = make("ul", { class: "legend" }, ...series.map((s, i) => make("li", {},
      make("span", { class: "swatch s" + s.color }), make("span", { class: "label", title: s.name }, s.name), numbers[i])));
    const plot = make("div", { class: "plot", "aria-hidden": "true" });
    const figure = make("figure", whole ? { class: "whole" } : {}, make("figcaption", {}, make("h3", {}, title), at), plot, legend, asTable(title, series, format));
    into("charts", figure);
    // Stacked bars are drawn from the highest sum down, each over the one before.
    const sums = stacked ? series.map((_, i) => times.map((_, t) => series.slice(0, i + 1).reduce((sum, s) => sum + s.values[t], 0))) : series.map((s) => s.values);
    const order = series.map((_, i) => i);
    if (stacked) order.reverse();

    function show(index) {
      const some = index !== null && index !== undefined;
      at.textContent = some ? label(times[index]) : "";
      series.forEach((s, i) => { numbers[i].textContent = some ? format(s.values[index]) : s.sum ? format(s.sum) : ""; });
    }
    function draw() {
      plot.replaceChildren();
      const axis = { stroke: css("--soft"), grid: { stroke: css("--grid"), width: 1 }, ticks: { stroke: css("--grid"), width: 1 }, font: "12px system-ui, sans-serif" };
      const color = (s) => css(s.color === "bad" ? "--bad" : "--c" + s.color);
      const most = Math.max(0, ...sums.flat().filter((v) => v !== null));
      const chart = new uPlot({
        width: Math.max(240, plot.clientWidth), height: whole ? 280 : 220, padding: [10, 12, 0, 0],
        tzDate: (ts) => uPlot.tzDate(new Date(ts * 1000), "Etc/UTC"),
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, points: { show: !bars } },
        scales: {
          x: { time: true, range: () => [times[0] - step * 0.6, times[times.length - 1] + step * 0.6] },
          y: { range: () => [0, most > 0 ? most * 1.08 : 1] },
        },
        axes: [
          { ...axis, space: 70, size: 38, incrs: hourly ? [3600, 7200, 10800, 21600, 43200, 86400] : [86400, 172800, 604800, 1209600, 2592000, 7776000, 31536000], values: (_, splits) => splits.map((s) => (hourly && s % 86400 !== 0 ? iso(s * 1000).slice(11, 16) : new Date(s * 1000).toLocaleDateString("en", { month: "short", day: "numeric", timeZone: "UTC" }))) },
          { ...axis, size: 66, values: (_, splits) => splits.map(format === money ? evenMoney(most) : format) },
        ],
        series: [{}, ...order.map((i) => ({
          label: String(i), stroke: color(series[i]), width: bars ? 0 : 2, fill: bars ? color(series[i]) : undefined,
          points: { show: !bars && times.length < 3, size: 7 }, spanGaps: true,
          paths: bars ? uPlot.paths.bars({ size: [0.7, 46] }) : undefined,
        }))],
        hooks: { setCursor: [(u) => show(u.cursor.idx)] },
      }, [times, ...order.map((i) => sums[i])], plot);
      show(null);
      return chart;
    }
    drawn.push({ plot, draw, chart: draw() });
  }

  function asTable(title, series, format) {
    const body = times.map((at, i) => make("tr", {}, make("th", { scope: "row" }, label(at)), ...series.map((s) => make("td", {}, s.values[i] === null ? "–" : format(s.values[i])))));
    const head = make("tr", {}, make("th", { scope: "col" }, hourly ? "Hour" : "Day"), ...series.map((s) => make("th", { scope: "col" }, s.name)));
    const table = make("table", { "aria-label": title }, make("thead", {}, head), make("tbody", {}, ...body));
    return make("details", {}, make("summary", {}, "As a table"), make("div", { class: "scroll" }, table));
  }

  function cumulated(values) {
    let sum = 0;
    return values.map((value) => (sum += value));
  }

  if (times.length > 0) {
    const plain = (v) => (v === null ? "–" : count(Math.round(v * 100) / 100));
    const models = modelSeries();
    for (const s of models) s.sum = s.values.reduce((a, b) => a + b, 0);
    if (models.length > 0) chart(`Cost by model, each ${data.step}`, models, money, { stacked: true, bars: true, whole: true });
    const last = (values) => values[values.length - 1];
    const lines = [
      { name: "baseline", values: cumulated(over((r) => r.baseline.cost, 0)), color: 1 },
      { name: "best single model", values: cumulated(over((r) => r.best_single.cost, 0)), color: 4 },
      { name: "actual cost of the same answers", values: cumulated(over((r) => Math.max(r.baseline.actual, r.best_single.actual), 0)), color: 2 },
    ];
    for (const s of lines) s.sum = last(s.values);
    if (lines[0].sum > 0 || lines[1].sum > 0) chart("Cost so far, and what it would have been", lines, money);
    const answered = over((r) => r.requests - r.errors, 0);
    const failed = over((r) => r.errors, 0);
    const sum = (values) => values.reduce((a, b) => a + b, 0);
    chart(`Requests, each ${data.step}`, [
      { name: "failed", values: failed, color: "bad", sum: sum(failed) },
      { name: "answered or given up", values: answered, color: 0, sum: sum(answered) },
    ], plain, { stacked: true, bars: true });
    chart("Latency", [
      { name: "p50", values: over((r) => r.latency_ms.p50, null), color: 0 },
      { name: "p95", values: over((r) => r.latency_ms.p95, null), color: 1 },
      { name: "p99", values: over((r) => r.latency_ms.p99, null), color: 3 },
    ], duration);
    const first = over((r) => r.first_token_ms.p95, null);
    if (first.some((v) => v !== null)) {
      chart("First token of streams", [
        { name: "p50", values: over((r) => r.first_token_ms.p50, null), color: 0 },
        { name: "p95", values: first, color: 1 },
      ], duration);
    }
    const redraw = (all) => {
      for (const one of drawn) {
        if (all) { one.chart.destroy(); one.chart = one.draw(); } else { one.chart.setSize({ width: Math.max(240, one.plot.clientWidth), height: one.chart.height }); }
      }
    };
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => redraw(true));
    let waiting = 0;
    addEventListener("resize", () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(() => redraw(false)); });
  } else {
    into("charts", make("p", { class: "none" }, "Nothing was asked in this time."));
  }

  // --- tables ---

  const columns = [
    ["Requests", (r) => count(r.requests)],
    ["Cost", (r) => money(r.cost)],
    ["Saved on baseline", (r) => (r.baseline.requests ? money(r.baseline.saved) : "–")],
    ["Saved on best", (r) => (r.best_single.requests ? money(r.best_single.saved) : "–"), "less"],
    ["Errors", (r) => percent(r.error_rate)],
    ["p50", (r) => duration(r.latency_ms.p50), "less"],
    ["p95", (r) => duration(r.latency_ms.p95), "less"],
    ["Tokens in", (r) => count(r.tokens.input), "less"],
    ["Tokens out", (r) => count(r.tokens.output), "less"],
    ["Cache", (r) => percent(r.cached.rate), "less"],
  ];
  function table(title, word, none) {
    const { rows, more } = data.by[word];
    if (rows.length === 0 || (rows.length === 1 && rows[0].group[word] === null)) return;
    const cell = (tag, kind, ...children) => make(tag, kind ? { class: kind } : {}, ...children);
    const head = make("tr", {}, make("th", { scope: "col" }, title), ...columns.map(([name, , kind]) => cell("th", kind, name)));
    const body = rows.map((row) => {
      const value = row.group[word];
      const first = make("th", { scope: "row", ...(value === null ? {} : { title: value }) }, named(value, none));
      return make("tr", {}, first, ...columns.map(([, pick, kind]) => cell("td", kind, pick(row))));
    });
    into("tables", make("div", { class: "table" }, make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title },
      make("table", {}, make("thead", {}, head), make("tbody", {}, ...body))), more > 0 ? make("p", { class: "more" }, `and ${count(more)} more`) : null));
  }
  table("Model", "model", "no model asked");
  table("Provider", "provider", "no provider asked");
  table("Task", "task", "not classified");
  table("Key", "key", "no key");
  table("Tag", "tag", "no tag");
  table("Strategy", "strategy", "none");
  table("Error", "error", "answered");

  // --- notes ---

  const notes = [
    "Savings are estimates: another model is taken to have read and written as many tokens as the one that answered. Prices are those of the day of each request.",
    "The baseline is the one that the configuration or a request names, else the dearest of the models that passed every gate for that request. The best single model is the one that the strategy “best” would have chosen for it. Where a caller named the model itself, only the models it named are compared.",
    "Only answered requests whose costs are both known are compared. What they did cost contains their failed sends.",
    "Costs contain failed sends as far as their usage is known, and probes and copies to a shadow. A request counts for the model that answered it, or was asked last.",
    "Requests with several tags count once for each tag. Days and hours are those of UTC. Percentiles are of answered requests.",
  ];
  if (total.estimated > 0) notes.push(`The cost of ${count(total.estimated)} requests rests on an estimate of their tokens: their providers did not tell usage, or streams were cut short.`);
  if (total.unpriced > 0) notes.push(`${count(total.unpriced)} answered requests have no known price and are missing in all sums of money.`);
  into("notes", ...notes.map((note) => make("li", {}, note)));
})();
