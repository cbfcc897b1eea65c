import type { FakeTables, Row } from './fake-tables';
import { show } from './fake-query';

const escape = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

const page = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escape(title)}</title><style>
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d2b30}
th{text-align:left;padding-right:1.5rem;vertical-align:top;color:#566}td{white-space:pre-wrap}
article{border-left:3px solid #81b5a1;margin:1rem 0;padding:.2rem 1rem;white-space:pre-wrap}small{color:#566}
</style></head><body><h1>${escape(title)}</h1>${body}<p><small>A stand-in for ServiceNow.</small></p></body></html>`;

const SHOWN = ['number', 'state', 'priority', 'impact', 'urgency', 'assigned_to', 'assignment_group', 'description'];
const CLOSING = [
  ...['parent_incident', 'close_code', 'close_notes', 'correlation_id', 'correlation_display', 'sys_updated_by'],
];

/** What `incident.do?sys_id=` shows. */
export function recordPage(tables: FakeTables, row: Row): string {
  const view = { fields: undefined, displayValue: 'true', excludeReferenceLink: true, origin: '' } as const;
  const shown = show(tables, row['sys_class_name'] ?? '', row, view);
  const cells = [...SHOWN, ...CLOSING].map(
    (field) => `<tr><th>${field}</th><td>${escape(String(shown[field] ?? ''))}</td></tr>`,
  );
  const entries = tables
    .journal(row['sys_id'] ?? '')
    .toReversed()
    .map(
      (entry) =>
        `<article><small>${escape(`${entry['sys_created_on']} · ${entry['sys_created_by']} · ${entry['element']}`)}</small>\n${escape(entry['value'] ?? '')}</article>`,
    );
  const title = `${row['number']} ${row['short_description']}`;
  return page(title, `<table>${cells.join('')}</table><h2>Activity</h2>${entries.join('')}`);
}

export function listPage(tables: FakeTables): string {
  const items = tables.table('incident').map((row) => {
    const text = escape(`${row['number']} · state ${row['state']} · ${row['short_description']}`);
    return `<li><a href="/incident.do?sys_id=${row['sys_id']}">${text}</a></li>`;
  });
  return page('Incidents', `<ul>${items.join('')}</ul>`);
}

export const loginPage = (): string => page('Log in', '<form><input name="user_name"></form>');

export const missingPage = (): string => page('Record not found', '');
