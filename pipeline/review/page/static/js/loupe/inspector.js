// Everything about one cell: verdict, takes, prompt, job, checks, history.
import { html } from '../../vendor/ui.js';
import { Comments } from './comments.js';
import { changedWords } from './compare.js';
import { act } from '../state/decide.js';
import { DockedNote } from './notes.js';
import { cellDetail } from '../state/detail.js';
import { Icon, Ratio } from '../shared/icons.js';
import { picture, stage, variant } from '../state/store.js';
import { Verdict } from '../page/verdicts.js';
import { MISSING, ago, clock, label } from '../shared/words.js';

const HAPPENED = { paid: 'Rendered', failed: 'Failed', doubt: 'In doubt', submitted: 'Asked', undecided: 'Taken back' };
const DOTS = { paid: 'plain', failed: 'rejected', doubt: 'redo', submitted: 'plain' };

function Takes({ one }) {
  return html`<h3>${one.takes.length > 1 ? `Best of ${one.takes.length}` : 'Take'}</h3>
    <div class="picks">${one.takes.map((take, at) => html`<button key=${at} aria-pressed=${variant.value === at}
      class=${`pk${variant.value === at ? ' on' : ''}${one.state === 'approved' && one.take === at + 1 ? ' picked' : ''}`}
      onClick=${() => { variant.value = at; }} onDblClick=${() => act('approved', { take: at + 1 })}>
      ${take.image ? html`<img src=${picture(take.image, 256)} alt=${`Take ${at + 1}`} />` : html`<span class="none"><${Icon} n=${MISSING[take.status] ?? 'clock'} s=${16} /><span class="sr">Take ${at + 1}</span></span>`}
      <kbd>${at + 1}</kbd></button>`)}</div>`;
}

function Facts({ list }) {
  return html`<dl>${list.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

function History({ list }) {
  return html`<h3>History</h3><ol class="hist">${list.map((one) => html`<li class=${DOTS[one.what] ?? one.what}>
    <time datetime=${one.at}>${clock(one.at)}</time><b>${HAPPENED[one.what] ?? label(one.what, stage.value)}</b>
    ${one.by ? ` ${one.by}` : ''}${one.what === 'undecided' ? '' : ` · take ${one.take}`}${one.round > 1 ? ` · round ${one.round}` : ''}
    ${one.note ? html`<q>${one.note}</q>` : null}</li>`)}</ol>`;
}

export function Inspector({ cell, one }) {
  const detail = cellDetail.value;
  const fits = detail?.ok && detail.cell === cell.name && detail.stage === stage.value;
  const changed = fits ? changedWords(variant.value) : '';
  const take = fits ? detail.takes[Math.min(variant.value, detail.takes.length - 1)] : null;
  return html`<aside class="insp" aria-label="Details" tabindex="0">
    <div class="ihead"><h2 dir="auto">${cell.title}</h2><p><${Ratio} of=${cell.ratio} />${cell.rest.join(' · ') || cell.name}</p></div>
    <${Verdict} one=${one} /><${DockedNote} i=${cell.i} one=${one} />
    ${one.reason ? html`<p class="ireason"><${Icon} n="alert" s=${14} />${one.reason}</p>` : null}
    ${one.note ? html`<blockquote class=${`inote ${one.state}`}><span dir="auto">“${one.note}”</span><footer>${one.by}${one.at ? ` · ${ago(one.at)}` : ''}</footer></blockquote>` : null}
    <${Takes} one=${one} /><${Comments} i=${cell.i} one=${one} />
    ${detail && !detail.ok ? html`<p class="ireason"><${Icon} n="alert" s=${14} />${detail.message}</p>` : null}
    ${fits ? html`<h3>Prompt</h3><p class="prompt" dir="auto">${detail.prompt.map(([text, name]) => (name ? html`<mark title=${name}>${text}</mark>` : text))}</p>
      ${take?.checks ? html`<h3>Checks of take ${take.take}</h3><ul class="checks">${take.checks.map(([name, found, good]) => html`
        <li class=${good ? 'good' : 'poor'}><${Icon} n=${good ? 'check' : 'alert'} s=${13} /><b>${name}</b><span>${found}</span></li>`)}</ul>` : null}
      <h3>Job</h3><${Facts} list=${[...detail.job, ['Cell', cell.name], ...(take ? [['Job id', take.job.slice(0, 12)], ['Paid', take.shared ? 'shared with another cell' : take.cost]] : []), ...(take?.weight ? [['File', take.weight]] : []), ...(changed ? [['Draft', changed]] : [])]} />
      <${History} list=${detail.history} />` : html`<div class="iwait"></div>`}
  </aside>`;
}
