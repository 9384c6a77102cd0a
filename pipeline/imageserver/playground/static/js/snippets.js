// The request in the form as something to run elsewhere. The key is never in it.
import { facts } from "./facts.js";

const KEY = "GPTIMAGE_API_KEY";

/** The text to copy, by what the button says. */
export const SNIPPETS = { curl, Python: python, Node: node, YAML: yaml };

/** A name of a-z, 0-9 and dashes from the first words of a prompt. */
export function slug(prompt) {
  const plain = prompt.normalize("NFKD").toLowerCase().replace(/[\u0300-\u036f]/g, "");
  const words = (plain.match(/[a-z0-9]+/g) ?? []).filter((word) => !DULL.has(word));
  return words.slice(0, 4).join("-").slice(0, 48) || "playground";
}

const DULL = new Set("a an the of on in with and photorealistic product photo image picture".split(" "));
const endpoint = () => `${location.origin}/v1/images/generate`;

function body({ prompt, size, quality, n, background }, indent) {
  return JSON.stringify({ prompt, model: facts.model, size, quality, n, background }, null, indent);
}

function shifted(text, by) {
  return text.replaceAll("\n", `\n${" ".repeat(by)}`);
}

function curl(request) {
  const lines = [
    `curl -X POST "${endpoint()}"`,
    `-H "Authorization: Bearer $${KEY}"`,
    '-H "Content-Type: application/json"',
    ...(request.variation ? [`-H "X-Variation: ${request.variation}"`] : []),
    `-d '${shifted(body(request, 2), 2).replaceAll("'", "'\\''")}'`,
  ];
  return `${lines.join(" \\\n  ")}\n`;
}

function python(request) {
  const extra = request.variation ? `\n        "X-Variation": "${request.variation}",` : "";
  return `import os

import requests


def generate():
    url = "${endpoint()}"
    headers = {
        "Authorization": f"Bearer {os.environ['${KEY}']}",
        "Content-Type": "application/json",${extra}
    }
    payload = ${shifted(body(request, 4), 4)}

    res = requests.post(url, headers=headers, json=payload, timeout=300)
    res.raise_for_status()
    result = res.json()
    if result.get("code") != 0:
        raise RuntimeError(result.get("message"))
    return [image["url"] for image in result["data"]["images"]]


print("\\n".join(generate()))
`;
}

function node(request) {
  const extra = request.variation ? `\n      'X-Variation': '${request.variation}',` : "";
  return `async function generate() {
  const res = await fetch('${endpoint()}', {
    method: 'POST',
    headers: {
      Authorization: \`Bearer \${process.env.${KEY}}\`,
      'Content-Type': 'application/json',${extra}
    },
    body: JSON.stringify(${shifted(body(request, 2), 4)}),
  });

  const result = await res.json();
  if (result.code !== 0) throw new Error(result.message);
  return result.data.images.map((image) => image.url);
}

generate().then((urls) => console.log(urls.join('\\n')));
`;
}

function yaml(request) {
  const opaque = request.background === "opaque" ? "" : `background: ${request.background}\n`;
  return `# pipeline run ${slug(request.prompt)}.yaml
campaign: ${slug(request.prompt)}
matrix:
  size: [${request.size}]
${opaque}prompt: ${scalar(literal(request.prompt))}
stages:
  draft: {quality: ${request.quality}, takes: ${request.n}, review: human}
  final: {quality: high}
`;
}

/** The prompt as a template that says just this: what looks like a template's own is printed. */
function literal(prompt) {
  const clean = prompt.trim().replace(/\r\n?/g, "\n");
  return clean.replace(/\{[{%#]|[%#}]\}/g, '{{ "$&" }}');
}

/** As a block where that says the same, else as a quoted text. */
function scalar(text) {
  const lines = text.split("\n");
  const plain = lines.every((line) => /^[^\s\p{C}](?:[^\p{C}\u2028\u2029]*[^\s\p{C}])?$/u.test(line));
  return plain ? `|-\n${lines.map((line) => `  ${line}`).join("\n")}` : JSON.stringify(text);
}
