/* The roadmap: links of the bar under the pointer or the focus, the what-if's slider, and its bars on the timeline.
   Without this the critical chain shows, every bar links to its commitment, and the what-if is a form. */
(() => {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";
  const canvas = document.querySelector("[data-roadmap]");
  const form = document.querySelector("[data-what-if-form]");

  /* --- links of one bar --------------------------------------------------------------------------------------------- */

  const links = canvas ? [...canvas.querySelectorAll("[data-ends]")] : [];
  const show = (bar) => links.forEach((link) => link.classList.toggle("is-shown", link.dataset.ends.split(" ").includes(bar)));
  const barOf = (target) => target.closest?.("[data-bar]")?.dataset.bar;
  const focused = () => barOf(document.activeElement);
  canvas?.addEventListener("pointerover", (event) => show(barOf(event.target) || focused()));
  canvas?.addEventListener("pointerleave", () => show(focused()));
  canvas?.addEventListener("focusout", () => show());
  canvas?.addEventListener("focusin", (event) => {
    show(barOf(event.target));
    event.target.scrollIntoView({ block: "nearest", inline: "nearest" });
  });

  /* --- bars of a what-if -------------------------------------------------------------------------------------------- */

  const made = (name, values) => {
    const shape = document.createElementNS(SVG, name);
    shape.setAttribute("class", "rm-what-if");
    Object.entries(values).forEach(([key, value]) => shape.setAttribute(key, value));
    return shape;
  };
  const draw = (bars) => {
    const layer = canvas?.querySelector("[data-what-if]");
    if (!layer) return;
    const shapes = bars.map((bar) => {
      const item = canvas.querySelector(`[data-item="${bar.id}"]`);
      if (!item) return null;
      const y = Number(item.dataset.y) + 13;
      if (bar.milestone) return made("path", { d: `M${bar.x} ${y - 2}l6 6-6 6-6-6z` });
      return made("rect", { x: bar.x, y, width: bar.width, height: 6, rx: 2 });
    });
    layer.replaceChildren(...shapes.filter(Boolean));
  };

  /* --- the panel ---------------------------------------------------------------------------------------------------- */

  if (!form) return;
  const number = form.querySelector('[name="days"]');
  const slide = form.querySelector("[data-slide]");
  form.addEventListener("input", (event) => {
    if (event.target === slide) number.value = slide.value;
    if (event.target === number) slide.value = number.value || 0;
  });
  form.addEventListener("click", (event) => {
    const step = Number(event.target.closest("[data-step]")?.dataset.step);
    if (!step) return;
    const days = (Number(number.value) || 0) + step;
    number.value = Math.min(Math.max(days, Number(number.min)), Number(number.max));
    number.dispatchEvent(new Event("input", { bubbles: true }));
  });

  let slow = 0;
  const settled = () => { clearTimeout(slow); form.parentElement.classList.remove("is-slow"); };
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target !== form) return;
    clearTimeout(slow);
    slow = setTimeout(() => form.parentElement.classList.add("is-slow"), 400);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.target !== form) return;
    settled();
    const answer = document.querySelector("#what-if-answer [data-bars]");
    if (!answer || !event.detail.xhr || event.detail.xhr.status >= 500) return;
    draw(JSON.parse(answer.dataset.bars));
    history.replaceState(history.state, "", `?${new URLSearchParams(new FormData(form))}`);
  });
})();
