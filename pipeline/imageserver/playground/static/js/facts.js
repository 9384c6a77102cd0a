// What the server told this page: model, prices, pixels, balance.
import { at } from "./dom.js";

export const facts = JSON.parse(at("facts").textContent);

/** The credits that a request costs. */
export const price = (request) => request.n * facts.prices[request.quality];

/** Width and height of its images, e.g. [740, 554]. */
export const pixels = (request) => facts.pixels[request.quality][request.size].split("x").map(Number);

/** Width divided by height. */
export const shape = (request) => {
  const [across, down] = request.size.split(":").map(Number);
  return across / down;
};

/** Show what is left of the account. */
export function showBalance(balance) {
  at("balance").textContent = balance === null ? "Play credits" : `${balance.toLocaleString("en")} credits left`;
}
