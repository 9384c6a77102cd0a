// Images as files: the image host is another origin, where a link's `download` says nothing.
import { counted, el, toast } from "./dom.js";
import { slug } from "./snippets.js";

/** Save these images of the entry under names that say what they are. */
export async function save(entry, indexes) {
  const { request } = entry;
  const start = `${slug(request.prompt)}-${request.size.replace(":", "x")}-${request.quality}`;
  let saved = 0;
  for (const index of indexes) {
    try {
      const reply = await fetch(entry.urls[index]);
      if (!reply.ok) throw new Error(String(reply.status));
      const href = URL.createObjectURL(await reply.blob());
      el("a", { href, download: `${start}-${index + 1}.png` }).click();
      setTimeout(() => URL.revokeObjectURL(href), 10_000);
      saved += 1;
    } catch {
      toast(`The image host did not give image ${index + 1}`);
    }
  }
  if (saved) toast(`${counted(saved, "image")} saved`);
}
