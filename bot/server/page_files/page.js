// What the page gains where scripts run: forms answer in place, and "/" leads to the question. Nothing needs it.
"use strict";

let running = null;

async function show(address, push) {
  const result = document.getElementById("result");
  running?.abort();
  const mine = (running = new AbortController());
  result.setAttribute("aria-busy", "true");
  try {
    const reply = await fetch(address, { signal: mine.signal, headers: { Accept: "text/html" } });
    if (!reply.headers.get("content-type")?.startsWith("text/html")) throw new Error("no page");
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    const found = page.getElementById("result");
    if (!found) throw new Error("no page");
    result.replaceChildren(...found.childNodes);
    document.title = page.title;
    if (push) history.pushState(null, "", address);
    document.getElementById("answer")?.focus();
  } catch (error) {
    // Another question was asked meanwhile, or the plain way is left to be gone.
    if (error.name !== "AbortError") location.assign(address);
  } finally {
    if (running === mine) result.removeAttribute("aria-busy");
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-live]")) return;
  event.preventDefault();
  const given = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value) given.append(name, value);
  show(`${form.getAttribute("action")}?${given}`, true);
});

addEventListener("popstate", () => location.reload());

document.addEventListener("keydown", (event) => {
  const field = document.querySelector("input[type=search]");
  const writes = event.target.closest("input, textarea, select");
  if (event.key !== "/" || writes || !field || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  field.focus();
  field.select();
});
