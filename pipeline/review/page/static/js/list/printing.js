// Printing: every cell that is shown, not only those in sight.
import { signal } from '../../vendor/ui.js';
import { close } from '../state/store.js';

// True while the list is drawn as a whole; at most `MOST_ROWS` rows of it.
export const printing = signal(false);
export const MOST_ROWS = 120;

const PATIENCE = 8000;

const frame = () => new Promise((resolve) => { requestAnimationFrame(() => setTimeout(resolve, 0)); });

export async function printList() {
  if (close.peek()) {
    print();
    return;
  }
  printing.value = true;
  await frame();
  const pictures = [...document.querySelectorAll('.tile img, .mcell img')].map((one) => one.decode().catch(() => {}));
  await Promise.race([Promise.all(pictures), new Promise((resolve) => { setTimeout(resolve, PATIENCE); })]);
  print();
  printing.value = false;
}
