/* The lineage tab: upstream to the left, downstream to the right, drawn with vis-network when it is first opened. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const root = document.querySelector("[data-lineage]");
  if (!root) return;
  const part = (name) => root.querySelector(`[data-lineage-${name}]`);
  const canvas = part("canvas");
  let network = null;
  let drawn = false;
  let start = null;

  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();

  function node(one) {
    const ring = one.root ? colour("--accent") : one.level < 0 ? colour("--c-up") : colour("--c-down");
    return {
      id: one.id,
      level: one.level,
      label: `<b>${escaped(one.name)}</b>\n${escaped(one.type_label)}${one.stale ? " (stale)" : ""}`,
      title: one.qualified_name,
      color: {
        background: one.root ? colour("--c-node-root") : colour("--c-node"), border: ring,
        highlight: { background: colour("--c-node"), border: ring }, hover: { background: colour("--c-node"), border: ring },
      },
      borderWidth: one.root ? 3 : 1.5,
      shapeProperties: { borderDashes: one.stale ? [5, 4] : false },
    };
  }

  function escaped(text) {
    return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  }

  function draw(graph) {
    const options = {
      layout: { hierarchical: { direction: "LR", levelSeparation: 260, nodeSpacing: 80, sortMethod: "directed" } },
      physics: false,
      interaction: { hover: true, tooltipDelay: 150, keyboard: { enabled: true, bindToWindow: false }, dragNodes: true },
      nodes: {
        shape: "box", margin: 10, widthConstraint: { maximum: 220 },
        font: { multi: "html", color: colour("--c-node-text"), size: 14, face: "Inter, sans-serif" },
      },
      edges: {
        arrows: { to: { enabled: true, scaleFactor: 0.6 } }, color: { color: colour("--c-edge"), hover: colour("--accent") },
        font: { size: 11, color: colour("--muted"), strokeWidth: 0, background: colour("--c-node") },
        smooth: { type: "cubicBezier", forceDirection: "horizontal", roundness: 0.5 },
      },
    };
    const data = {
      nodes: graph.nodes.map(node),
      edges: graph.edges.map((edge) => ({ from: edge.from, to: edge.to, title: edge.type.toLowerCase().replaceAll("_", " ") })),
    };
    if (network) network.destroy();
    network = new vis.Network(canvas, data, options);
    start = graph.nodes.find((one) => one.root).id;
    const urls = new Map(graph.nodes.map((one) => [one.id, one]));
    network.on("click", (event) => {
      const one = urls.get(event.nodes[0]);
      if (one && !one.root) location.href = `${one.url}#lineage`;
    });
    network.on("hoverNode", () => { canvas.style.cursor = "pointer"; });
    network.on("blurNode", () => { canvas.style.cursor = ""; });
    network.once("afterDrawing", () => { root.dataset.drawn = String(graph.nodes.length); fit(); });
  }

  function fit() {
    if (!network) return;
    network.fit({ animation: false, maxZoomLevel: 1.1 });
    if (network.getScale() < 0.5) network.focus(start, { scale: 0.75, animation: false });
  }

  function list(graph) {
    const rows = [...graph.nodes].sort((a, b) => a.level - b.level || a.name.localeCompare(b.name)).map((one) => {
      const row = document.createElement("tr");
      const step = document.createElement("td");
      step.textContent = one.root ? "this" : `${Math.abs(one.level)} ${one.level < 0 ? "up" : "down"}`;
      const name = document.createElement("td");
      const link = document.createElement("a");
      link.href = `${one.url}#lineage`;
      link.className = "c-link c-break";
      link.textContent = one.qualified_name;
      name.append(link);
      const type = document.createElement("td");
      type.textContent = one.type_label;
      row.append(step, name, type);
      return row;
    });
    part("list").querySelector("tbody").replaceChildren(...rows);
    part("list").hidden = false;
  }

  function library() {
    if (window.vis) return Promise.resolve();
    return new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = root.dataset.library;
      script.addEventListener("load", done);
      script.addEventListener("error", () => failed(new Error("The drawing library does not load.")));
      document.head.append(script);
    });
  }

  async function load() {
    const message = part("message");
    try {
      const answer = await fetch(`${root.dataset.lineage}?depth=${part("depth").value}`, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(`The server answered ${answer.status}.`);
      const graph = await answer.json();
      part("truncated").hidden = !graph.truncated;
      if (graph.nodes.length < 2) {
        message.replaceChildren(part("empty").content.cloneNode(true));
        message.hidden = false;
        root.dataset.drawn = "0";
        return;
      }
      await library();
      message.hidden = true;
      draw(graph);
      list(graph);
    } catch (error) {
      message.hidden = false;
      message.textContent = `The lineage cannot be loaded. ${error.message}`;
    }
  }

  function whenVisible() {
    if (drawn || canvas.offsetParent === null) return;
    drawn = true;
    load();
  }

  part("depth").addEventListener("change", load);
  part("fit").addEventListener("click", fit);
  new IntersectionObserver(whenVisible).observe(root);
  new MutationObserver(() => { if (drawn && network) load(); }).observe(document.documentElement, { attributeFilter: ["class"] });
});
