// Everything that the server knows of the cell that is looked at: prompt, job, checks, rounds, history.
import { signal, useEffect } from '../../vendor/ui.js';
import { get } from './api.js';
import { comments, stage } from './store.js';

export const cellDetail = signal(null);

const PAUSE = 80;

// Load it after the cell has been shown for a moment, and again when the cell has changed.
export function useCellDetail(cell, one) {
  const which = stage.value;
  const { changes } = comments.value;
  useEffect(() => {
    let wanted = true;
    if (cellDetail.peek()?.cell !== cell?.name || cellDetail.peek()?.stage !== which) cellDetail.value = null;
    const timer = cell ? setTimeout(async () => {
      const found = await get(`/cells/${cell.i}?stage=${which}`);
      if (wanted) cellDetail.value = { ...found, cell: cell.name, stage: which };
    }, PAUSE) : 0;
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [cell?.i, which, one?.revision, one?.round, one?.takes.map((take) => take.status).join(), changes]);
}
