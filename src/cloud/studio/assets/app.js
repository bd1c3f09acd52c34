"use strict";
// Everything that users of the cloud wrote (names, messages, outputs) reaches the page as text, never as markup.

const REFRESH_MS = 2000;
const open = new Set();
let shown = "";

function element(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  if (options.text !== undefined) node.textContent = String(options.text);
  if (options.class) node.className = options.class;
  node.append(...children);
  return node;
}

function fill(id, ...children) {
  document.getElementById(id).replaceChildren(...children);
}

function empty(text) {
  return element("p", { class: "empty", text });
}

// Only addresses of the web become links.
function value(text) {
  const plain = typeof text === "object" && text !== null ? JSON.stringify(text) : String(text ?? "");
  if (/^https?:\/\//i.test(plain)) {
    const link = element("a", { class: "mono", text: plain });
    link.href = plain;
    link.rel = "noreferrer";
    return link;
  }
  return element("span", { class: "mono", text: plain });
}

function table(headings, rows) {
  const head = element("tr", {}, ...headings.map((text) => element("th", { text })));
  const body = rows.map((cells) =>
    element("tr", {}, ...cells.map((cell) => element("td", {}, cell instanceof Node ? cell : value(cell)))),
  );
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...body));
}

function statusClass(status) {
  if (/FAILED|ROLLBACK/.test(status)) return "bad";
  if (/IN_PROGRESS/.test(status)) return "busy";
  return "good";
}

// A part that can be folded; it stays as the user left it.
function foldable(key, title, status, ...content) {
  const summary = element("summary", {}, element("strong", { text: title }));
  if (status) summary.append(element("span", { class: `status ${statusClass(status)}`, text: status }));
  const details = element("details", {}, summary, ...content);
  details.open = open.has(key);
  details.addEventListener("toggle", () => (details.open ? open.add(key) : open.delete(key)));
  return details;
}

function stacksOf(snapshot) {
  return snapshot.services.cloudformation?.rows ?? [];
}

function outputsOf(snapshot) {
  return stacksOf(snapshot).flatMap((stack) =>
    Object.entries(stack.outputs ?? {}).map(([key, text]) => ({ stack: stack.name, key, text: String(text) })),
  );
}

function addresses(snapshot) {
  const rows = [["AWS endpoint", snapshot.endpoint]];
  const seen = new Set();
  const pattern = /^https?:\/\/|^wss?:\/\/|^[a-z]{2}(-[a-z]+)+-\d+[_:]/i;
  for (const output of outputsOf(snapshot)) {
    if (pattern.test(output.text) && !seen.has(output.text)) {
      seen.add(output.text);
      rows.push([output.key, output.text]);
    }
  }
  fill("addresses", table(["what", "address or id"], rows.map(([what, text]) => [element("span", { text: what }), text])));
}

function stacks(snapshot) {
  const rows = stacksOf(snapshot);
  if (rows.length === 0) return fill("stacks", empty("Nothing is deployed yet. Run: ampup push --target local"));
  fill(
    "stacks",
    ...rows.map((stack) => {
      const parts = [];
      if (stack.reason) parts.push(element("p", { class: "note", text: stack.reason }));
      const outputs = Object.entries(stack.outputs ?? {});
      if (outputs.length > 0) parts.push(table(["output", "value"], outputs.map(([key, text]) => [key, text])));
      const resources = (stack.resources ?? []).map((resource) => [
        resource.logicalId,
        resource.type,
        element("span", { class: statusClass(resource.status), text: resource.status }),
        resource.reason ?? resource.physicalId ?? "",
      ]);
      if (resources.length > 0) parts.push(table(["resource", "type", "status", "id or reason"], resources));
      return foldable(`stack ${stack.id}`, stack.name, stack.status, ...parts);
    }),
  );
}

function mailbox(snapshot) {
  if (snapshot.mailbox.length === 0) return fill("mailbox", empty("No messages."));
  const rows = snapshot.mailbox.map((mail) => [
    element("span", { text: clock(mail.at) }),
    element("span", { text: mail.to }),
    element("span", { class: "number", text: mail.code }),
    element("span", { text: mail.subject || mail.kind }),
  ]);
  fill("mailbox", table(["when", "to", "code", "subject"], rows));
}

function clock(when) {
  const date = new Date(when);
  return Number.isNaN(date.getTime()) ? String(when) : date.toLocaleTimeString();
}

// A word for a POSIX shell.
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function commands(snapshot) {
  const environment = `AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=${snapshot.region}`;
  const aws = `${environment} aws --endpoint-url ${snapshot.endpoint}`;
  const list = [["What is deployed", `${aws} cloudformation describe-stacks`]];
  const outputs = outputsOf(snapshot);
  const url = outputs.find((output) => /^https?:.*graphql/i.test(output.text));
  const key = outputs.find((output) => /^da2-/.test(output.text));
  if (url) {
    const auth = key ? `-H ${quoted(`x-api-key: ${key.text}`)}` : `-H "authorization: $ACCESS_TOKEN"`;
    const query = quoted(JSON.stringify({ query: "{ __schema { queryType { fields { name } } } }" }));
    list.push(["Ask the GraphQL API", `curl -s ${quoted(url.text)} -H 'content-type: application/json' ${auth} -d ${query}`]);
  }
  const pool = outputs.find((output) => /^[a-z]{2}(-[a-z]+)+-\d+_\w+$/.test(output.text));
  if (pool) list.push(["List users", `${aws} cognito-idp list-users --user-pool-id ${quoted(pool.text)}`]);
  list.push(["List tables", `${aws} dynamodb list-tables`]);
  list.push(["Read the mailbox", `curl -s ${snapshot.endpoint}/_ampup/mailbox`]);
  const parts = list.flatMap(([label, text]) => {
    const copy = element("button", { text: "Copy" });
    copy.type = "button";
    copy.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text);
        copy.textContent = "Copied";
      } catch {
        copy.textContent = "Select and copy";
      }
    });
    return [element("p", { class: "label", text: label }), element("div", { class: "command" }, element("pre", { text }), copy)];
  });
  fill("commands", ...parts);
}

function services(snapshot) {
  const parts = Object.entries(snapshot.services)
    .filter(([name]) => name !== "cloudformation")
    .map(([name, view]) => {
      const rows = Array.isArray(view.rows) ? view.rows : [];
      const title = `${view.title ?? name} (${rows.length})`;
      if (rows.length === 0) return foldable(`service ${name}`, title, "", empty("None."));
      const columns = [...new Set(rows.flatMap((row) => Object.keys(row ?? {})))];
      return foldable(`service ${name}`, title, "", table(columns, rows.map((row) => columns.map((column) => row?.[column]))));
    });
  fill("services", ...(parts.length > 0 ? parts : [empty("Nothing to show.")]));
}

function happening(event) {
  switch (event.kind) {
    case "graph-ql":
      return `GraphQL ${event.operation}: ${event.status}, ${event.elapsed_ms} ms, ${event.caller}`;
    case "mail":
      return `Message to ${event.to}: ${event.code}`;
    case "stack":
      return `Stack ${event.stack}: ${event.status}`;
    default:
      return JSON.stringify(event);
  }
}

function happenings(snapshot) {
  if (snapshot.happenings.length === 0) return fill("happenings", empty("Nothing yet."));
  const rows = snapshot.happenings.map((event) => [element("span", { text: clock(event.at_ms) }), happening(event)]);
  fill("happenings", table(["when", "what"], rows));
}

async function refresh() {
  const facts = document.getElementById("facts");
  try {
    const response = await fetch("/_ampup/api/snapshot", { cache: "no-store" });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const text = await response.text();
    // Nothing is drawn again while nothing changed, so that a selection survives.
    if (text !== shown) {
      const snapshot = JSON.parse(text);
      for (const draw of [addresses, stacks, mailbox, commands, services, happenings]) draw(snapshot);
      facts.textContent = `${snapshot.endpoint} · ${snapshot.region} · account ${snapshot.account} · ampup ${snapshot.version}`;
      facts.className = "facts";
      shown = text;
    }
  } catch (error) {
    facts.textContent = `The cloud does not answer (${error.message}). Trying again…`;
    facts.className = "facts bad";
    shown = "";
  }
  setTimeout(refresh, REFRESH_MS);
}

refresh();
