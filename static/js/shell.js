/* The frame's behaviour: theme, drawer, tree, menus, dialogs, toasts, folded parts, and where the focus goes after a swap.
   Every page works without it, except the theme switch and closed branches of the tree. */
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");

  const YEAR = 60 * 60 * 24 * 365;
  const keep = (name, value) => {
    const secure = location.protocol === "https:" ? ";secure" : "";
    document.cookie = `${name}=${value};path=/;max-age=${YEAR};samesite=lax${secure}`;
  };
  const remembered = (name) => { try { return localStorage.getItem(name); } catch { return null; } };
  const remember = (name, value) => { try { localStorage.setItem(name, value); } catch { /* private window */ } };
  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const narrow = matchMedia("(max-width: 959px)");

  /* --- saying things ------------------------------------------------------------------------------------------- */

  const announce = (text) => {
    const live = one("#live");
    if (!live || !text) return;
    live.textContent = "";
    setTimeout(() => { live.textContent = text; }, 60);
  };

  const ICON_CLOSE = '<svg class="icon" viewBox="0 0 20 20" width="14" height="14" aria-hidden="true"><path d="m5 5 10 10M15 5 5 15"/></svg>';

  const toast = (text, tone = "") => {
    const box = one("#toasts");
    if (!box) return;
    const note = document.createElement("div");
    note.className = tone === "late" ? "toast is-late" : "toast";
    const words = document.createElement("span");
    words.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.setAttribute("aria-label", "Dismiss");
    close.innerHTML = ICON_CLOSE;
    close.addEventListener("click", () => note.remove());
    note.append(words, close);
    box.append(note);
    announce(text);
    if (tone !== "late") setTimeout(() => { if (!note.matches(":hover, :focus-within")) note.remove(); }, 6000);
  };

  /* --- theme ---------------------------------------------------------------------------------------------------- */

  const setTheme = (theme) => {
    root.dataset.theme = theme;
    keep("theme", theme);
    all("[data-theme-choice]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.themeChoice === theme)));
    document.dispatchEvent(new CustomEvent("plumbline:theme", { detail: theme }));
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    if (root.dataset.theme === "auto") document.dispatchEvent(new CustomEvent("plumbline:theme", { detail: "auto" }));
  });

  /* --- drawer --------------------------------------------------------------------------------------------------- */

  let drawerOpener = null;
  const outside = () => all(".skip, .topbar, .main");
  const openDrawer = (opener) => {
    const drawer = one("#sidebar");
    if (!drawer) return;
    drawerOpener = opener;
    drawer.classList.add("is-open");
    drawer.setAttribute("role", "dialog");
    drawer.setAttribute("aria-modal", "true");
    outside().forEach((part) => { part.inert = true; });
    all("[data-drawer]").forEach((button) => button.setAttribute("aria-expanded", "true"));
    const current = opener.dataset.drawer === "scope" ? one("[data-scope-filter], .node-link[aria-current]", drawer) : null;
    (current || one("[data-drawer-close]", drawer)).focus();
    if (current) current.scrollIntoView({ block: "center" });
  };
  const closeDrawer = () => {
    const drawer = one("#sidebar.is-open");
    if (!drawer) return;
    drawer.classList.remove("is-open");
    drawer.removeAttribute("role");
    drawer.removeAttribute("aria-modal");
    outside().forEach((part) => { part.inert = false; });
    all("[data-drawer]").forEach((button) => button.setAttribute("aria-expanded", "false"));
    drawerOpener?.focus();
  };
  narrow.addEventListener("change", closeDrawer);

  /* --- tree ----------------------------------------------------------------------------------------------------- */

  const below = (twist) => twist.closest("li").querySelector(":scope > ul");
  const fold = (twist, open) => {
    twist.setAttribute("aria-expanded", String(open));
    below(twist).hidden = !open;
  };
  const foldAsLeft = () => all("[data-twist]").forEach((twist) => {
    const left = remembered(`tree:${twist.dataset.twist}`);
    const here = below(twist).querySelector("[aria-current]");
    if (left && !(left === "shut" && here)) fold(twist, left === "open");
  });
  const filterTree = (box) => {
    const wanted = box.value.trim().toLowerCase();
    const tree = one("[data-tree]");
    let found = 0;
    const show = (row, shownAbove) => {
      const hit = row.dataset.name.includes(wanted);
      found += hit ? 1 : 0;
      const rows = all(":scope > ul > li", row);
      const inside = rows.map((each) => show(each, shownAbove || hit)).some(Boolean);
      row.hidden = !(hit || inside || shownAbove);
      const list = one(":scope > ul", row);
      if (list && wanted) list.hidden = !inside;
      return hit || inside;
    };
    all(":scope > li", tree).forEach((row) => show(row, false));
    if (!wanted) all("[data-twist]").forEach((twist) => fold(twist, twist.getAttribute("aria-expanded") === "true"));
    one("[data-scope-none]").hidden = found > 0;
    one("[data-scope-found]").textContent = wanted ? `${found} ${found === 1 ? "team" : "teams"}` : "";
  };

  /* --- dialogs -------------------------------------------------------------------------------------------------- */

  const ask = (question, word) => new Promise((answer) => {
    const dialog = document.createElement("dialog");
    dialog.className = "dialog";
    dialog.setAttribute("aria-labelledby", "asked");
    const title = document.createElement("h2");
    title.id = "asked";
    title.textContent = question;
    const row = document.createElement("div");
    row.className = "button-row";
    const no = document.createElement("button");
    const yes = document.createElement("button");
    no.className = "button plain";
    no.textContent = "Cancel";
    yes.className = "button primary";
    yes.textContent = word || "Go on";
    no.addEventListener("click", () => dialog.close(""));
    yes.addEventListener("click", () => dialog.close("yes"));
    row.append(no, yes);
    dialog.append(title, row);
    dialog.addEventListener("close", () => { dialog.remove(); answer(dialog.returnValue === "yes"); });
    document.body.append(dialog);
    dialog.showModal();
    no.focus();
  });

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.dataset.confirm || form.dataset.asked) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const sender = event.submitter;
    if (await ask(form.dataset.confirm, form.dataset.confirmWord)) {
      form.dataset.asked = "yes";
      form.requestSubmit(sender);
      delete form.dataset.asked;
    }
  }, true);

  document.addEventListener("htmx:confirm", (event) => {
    if (!event.detail.question) return;
    event.preventDefault();
    ask(event.detail.question, event.detail.elt.dataset.confirmWord).then((yes) => { if (yes) event.detail.issueRequest(true); });
  });

  /* --- clicks and keys ------------------------------------------------------------------------------------------ */

  document.addEventListener("click", (event) => {
    const hit = (selector) => event.target.closest?.(selector);
    const opener = hit("[data-drawer]");
    const twist = hit("[data-twist]");
    const choice = hit("[data-theme-choice]");
    const dialogOpener = hit("[data-dialog]");
    const menu = one("[data-menu][open]");
    if (opener && narrow.matches) { event.preventDefault(); openDrawer(opener); }
    else if (hit("[data-drawer-close]")) { event.preventDefault(); closeDrawer(); }
    else if (one("#sidebar.is-open") && !hit("#sidebar") && !hit("dialog")) closeDrawer();
    else if (twist) {
      const open = twist.getAttribute("aria-expanded") !== "true";
      fold(twist, open);
      remember(`tree:${twist.dataset.twist}`, open ? "open" : "shut");
    }
    else if (choice) setTheme(choice.dataset.themeChoice);
    else if (dialogOpener) document.getElementById(dialogOpener.dataset.dialog)?.showModal();
    else if (hit("[data-dialog-close]")) hit("dialog").close();
    else if (event.target.tagName === "DIALOG" && event.target.open) {
      const box = event.target.getBoundingClientRect();
      const on = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
      if (!on) event.target.close();
    }
    if (menu && !menu.contains(event.target)) menu.open = false;
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Tab" && one("#sidebar.is-open")) {
      const stops = all("a[href], button, input, summary", one("#sidebar")).filter((stop) => stop.offsetParent !== null);
      const [first, last] = [stops[0], stops[stops.length - 1]];
      if (event.shiftKey && document.activeElement === first) { event.preventDefault(); last.focus(); }
      else if (!event.shiftKey && document.activeElement === last) { event.preventDefault(); first.focus(); }
      return;
    }
    const box = event.target.matches?.("[data-scope-filter]") ? event.target : null;
    if (event.key === "Escape") {
      const menu = one("[data-menu][open]");
      if (menu) { menu.open = false; one("summary", menu).focus(); }
      else if (box?.value) { box.value = ""; filterTree(box); event.preventDefault(); }
      else closeDrawer();
    } else if (event.key === "Enter" && box?.value) {
      const first = all("[data-tree] li:not([hidden])").find((row) => row.dataset.name.includes(box.value.trim().toLowerCase()));
      one("a", first || document.createElement("p"))?.click();
    }
  });

  document.addEventListener("input", (event) => { if (event.target.matches("[data-scope-filter]")) filterTree(event.target); });

  // on the click, before it turns: a "toggle" event also comes when the parser opens the part
  document.addEventListener("click", (event) => {
    const part = event.target.closest("summary")?.parentElement;
    if (part?.dataset.remember && !event.target.closest("a, button")) remember(`fold:${part.dataset.remember}`, part.open ? "shut" : "open");
  });

  const foldParts = (within) => all("details[data-remember]", within).forEach((part) => {
    const left = remembered(`fold:${part.dataset.remember}`);
    if (left) part.open = left === "open";
  });

  /* --- after a swap: the focus goes to what changed, and is said --------------------------------------------------- */

  let held = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const target = event.detail.target;
    held = target?.contains(document.activeElement) ? document.activeElement.id || true : null;
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const part = event.detail.elt;
    if (!part?.querySelector) return;
    foldParts(part);
    const marked = part.matches("[data-focus]") ? part : one("[data-focus]", part);
    const heading = part.matches('[tabindex="-1"]') ? part : one(':is(h1, h2, h3)[tabindex="-1"]', part);
    const announced = part.closest("[data-announce]");
    if (!marked && !held && !announced) return;
    const again = typeof held === "string" ? document.getElementById(held) : null;
    const goal = marked || (held ? again || heading : null);
    held = null;
    if (goal && goal !== document.activeElement) goal.focus({ preventScroll: !marked });
    announce((marked || heading)?.textContent.trim().replace(/\s+/g, " ").slice(0, 200));
  });
  document.addEventListener("say", (event) => toast(event.detail.text ?? event.detail.value, event.detail.tone));
  /* What reads itself in asks again when it fails, less and less often, and says that it is at work; nothing was lost by it. */
  const AGAIN = [1000, 2000, 4000, 8000, 15000, 30000];
  const working = (part, on) => all("[data-working]", part).forEach((words) => { words.hidden = !on; });
  const asksAgain = (event) => event.detail.elt?.matches?.("[data-again]");
  document.addEventListener("htmx:beforeRequest", (event) => { if (asksAgain(event)) working(event.detail.elt, true); });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!asksAgain(event) || event.detail.successful) return;
    const part = event.detail.elt;
    const tried = Number(part.dataset.tried || 0);
    part.dataset.tried = tried + 1;
    if (tried < AGAIN.length) setTimeout(() => part.dispatchEvent(new Event("again")), AGAIN[tried]);
    else working(part, false);
  });
  document.addEventListener("htmx:sendError", (event) => { if (!asksAgain(event)) toast("The server cannot be reached. What you typed is still here; try again in a moment.", "late"); });
  document.addEventListener("htmx:responseError", (event) => {
    if (asksAgain(event)) return;
    const code = event.detail.xhr.status;
    if (code === 403) toast("Your role does not let you do this. Nothing was changed.", "late");
    else if (code === 404) toast("This is no longer here. Reload the page to see what is.", "late");
    else toast(`Something broke on our side, and this may not have been saved. Try again. Code ${code}.`, "late");
  });

  document.addEventListener("DOMContentLoaded", () => {
    foldAsLeft();
    foldParts(document);
    all("[data-drawer]").forEach((link) => { link.setAttribute("role", "button"); link.setAttribute("aria-expanded", "false"); link.setAttribute("aria-controls", "sidebar"); });
    all('a[role="button"]').forEach((link) => link.addEventListener("keydown", (event) => { if (event.key === " ") { event.preventDefault(); link.click(); } }));
    const wrong = one("[data-focus]");
    if (wrong) wrong.focus();
    else announce(all("#messages .notice").map((note) => note.textContent.trim()).join(" "));
    for (const tab of all(":is(.metric-tabs, .register-tabs, .money-tabs) [aria-current]")) {
      let box = tab.parentElement;
      while (box && box !== document.body && box.scrollWidth <= box.clientWidth) box = box.parentElement;
      if (box && box !== document.body) box.scrollLeft += tab.getBoundingClientRect().left - box.getBoundingClientRect().left - 40;
    }
    const list = one(".sidebar-scroll");
    const here = one(".node-link[aria-current]");
    if (list && here && here.offsetTop > list.clientHeight) list.scrollTop = here.offsetTop - list.clientHeight / 2;
  });

  window.plumbline = { keep, toast, announce };
})();
