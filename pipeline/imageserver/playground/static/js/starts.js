// Requests to begin with, one for each kind of picture that campaigns are made of.
import { at, el } from "./dom.js";

const STARTS = {
  Packshot: {
    prompt: "A photorealistic product photo of a citrus soda bottle on a wet studio table, soft reflections, premium lighting, minimal background. Label reads \"Citrus Soda\".",
    size: "4:3",
  },
  Poster: {
    prompt: "A poster of a slim pink can of Berry Soda on a beach at golden hour, warm sunlight, centered framing, with the headline \"BERRY RUSH\" and the price tag \"$1.99\".",
    size: "9:21",
  },
  Billboard: {
    prompt: "A billboard with an amber glass bottle of Citrus Soda on wet ice against a blue sky, bright daylight, wide shot with copy space, headline \"SUMMER CRUSH\", button \"Try it now\".",
    size: "2:1",
  },
  "Menu board": {
    prompt: "A cafe menu board on a dark wall in warm light, straight-on framing, headline \"COLD DRINKS\", lines \"Citrus Soda $3\", \"Mint Tea $4\" and \"Berry Soda $3\".",
    size: "1:1",
  },
  "Cut-out": {
    prompt: "A photorealistic packshot of a green glass bottle of Mint Tea, isolated as a studio cut-out, soft light, centered framing, label reads \"Mint Tea\".",
    size: "1:2",
    background: "transparent",
  },
};

/** A button for each; pressing one fills the form. */
export function offerStarts(load) {
  for (const [name, start] of Object.entries(STARTS)) {
    const request = { quality: "low", n: 1, background: "opaque", variation: "", ...start };
    at("starts").append(el("button", { class: "btn sm", type: "button", onclick: () => load(request) }, name));
  }
}
