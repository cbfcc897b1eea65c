import { PRIORITIES, type FakeIssue } from './fake-issues';
import { plainText } from './fake-text';

const escape = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

const page = (title: string, body: string): string =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escape(title)}</title><style>
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d2b30}
th{text-align:left;padding-right:1.5rem;vertical-align:top;color:#566}td{white-space:pre-wrap}
article{border-left:3px solid #2684ff;margin:1rem 0;padding:.2rem 1rem;white-space:pre-wrap}small{color:#566}
</style></head><body><h1>${escape(title)}</h1>${body}<p><small>A stand-in for Jira.</small></p></body></html>`;

/** What `/browse/<key>` shows. */
export function issuePage(issue: FakeIssue): string {
  const { status, resolution, priority, assignee, labels, description, comments, remoteLinks } = issue;
  const rows = { status, resolution, priority: PRIORITIES[priority], assignee, labels: labels.join(' ') };
  const cells = [...Object.entries(rows), ['description', plainText(description)]].map(
    ([name, value]) => `<tr><th>${escape(String(name))}</th><td>${escape(String(value ?? ''))}</td></tr>`,
  );
  const links = remoteLinks.map((link) => {
    const { url = '', title = '' } = (link['object'] ?? {}) as { url?: string; title?: string };
    return `<li><a href="${escape(url)}">${escape(title)}</a></li>`;
  });
  const entries = comments.map(
    ({ author, created, body }) =>
      `<article><small>${escape(`${new Date(created).toISOString()} · ${author}`)}</small>\n${escape(plainText(body))}</article>`,
  );
  const table = `<table>${cells.join('')}</table>`;
  return page(
    `${issue.key} ${issue.summary}`,
    `${table}<h2>Links</h2><ul>${links.join('')}</ul><h2>Activity</h2>${entries.join('')}`,
  );
}

export function listPage(issues: readonly FakeIssue[]): string {
  const items = issues.map(({ key, status, summary }) => {
    const text = escape(`${key} · ${status} · ${summary}`);
    return `<li><a href="/browse/${key}">${text}</a></li>`;
  });
  return page('Issues', `<ul>${items.join('')}</ul>`);
}

export const loginPage = (): string => page('Log in', '<form><input name="os_username"></form>');

export const missingPage = (): string => page('Issue not found', '');
