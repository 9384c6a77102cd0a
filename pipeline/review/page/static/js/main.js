// The review page: loads the cells, then shows them.
import { html, render, useEffect, useState } from '../vendor/ui.js';
import { keepAddress } from './state/address.js';
import { boot } from './state/api.js';
import { Bottom, Top } from './page/bars.js';
import { Dialogs } from './page/dialogs.js';
import { Side } from './list/facets.js';
import { FilterChips, searchPrompts } from './list/finding.js';
import { Grid } from './list/grid.js';
import { onKey } from './page/keys.js';
import { Icon } from './shared/icons.js';
import { Loupe } from './loupe/loupe.js';
import { Matrix } from './list/matrix.js';
import { Menu, onMenu } from './page/menu.js';
import { ground, showTheme } from './state/prefs.js';
import { base, close, complaint, filtered, offline, ready, said, trouble } from './state/store.js';
import { Toast } from './page/toast.js';

const ENDED = 8000;
const GONE = 'The server does not answer. If `pipeline review` has ended, start it again and open the link that it prints. Until then, verdicts are not saved.';

// Errors, and a lost connection; a short interruption is shown in the bottom bar only.
function Complaint() {
  const [ended, setEnded] = useState(false);
  useEffect(() => {
    if (!offline.value) {
      setEnded(false);
      return undefined;
    }
    const timer = setTimeout(() => setEnded(true), ENDED);
    return () => clearTimeout(timer);
  }, [offline.value]);
  const words = [complaint.value, ended && GONE].filter(Boolean).join('\n');
  if (!words) return null;
  return html`<div class="complaint" role="alert"><${Icon} n="alert" s=${14} /><pre>${words}</pre></div>`;
}

function App() {
  if (trouble.value) return html`<main class="boot" role="alert"><div><${Icon} n="alert" s=${26} /><h1>The cells cannot be loaded</h1><p>${trouble.value}</p></div></main>`;
  if (!ready.value) return html`<main class="boot" role="status">Loading…</main>`;
  return html`<div class="page" data-ground=${ground.value}><div class="shell" inert=${close.value}><${Top} /><${Side} />
      <main class=${filtered.value ? 'with-chips' : ''}><${FilterChips} />${base.value === 'matrix' ? html`<${Matrix} />` : html`<${Grid} />`}<${Complaint} /></main><${Bottom} /></div>
    ${close.value ? html`<${Loupe} />` : null}<${Dialogs} /><${Menu} /><${Toast} /><div class="sr" aria-live="polite">${said.value}</div></div>`;
}

showTheme();
addEventListener('keydown', onKey);
addEventListener('contextmenu', onMenu);
render(html`<${App} />`, document.getElementById('app'));
boot(keepAddress);
searchPrompts();
