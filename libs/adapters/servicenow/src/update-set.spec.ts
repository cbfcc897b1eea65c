import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const manual = readFileSync(join(__dirname, '../../../../docs/servicenow.md'), 'utf8');
const path = join(__dirname, '../update-set/opr-connect.xml');
const script = /```js\n([\s\S]*?)```/.exec(manual)?.[1] ?? '';

const escape = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const unescape = (text: string) => text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
const within = (xml: string, name: string) => new RegExp(`<${name}>([\\s\\S]*?)</${name}>`).exec(xml)?.[1] ?? '';
const plain = (text: string) => /^<!\[CDATA\[([\s\S]*)\]\]>$/.exec(text)?.[1] ?? unescape(text);

/** Every tag that begins ends, in order. */
function isBalanced(xml: string): boolean {
  const open: string[] = [];
  const markup = xml.replace(/<!\[CDATA\[[\s\S]*?\]\]>/g, '').matchAll(/<(\/?)([\w:]+)[^<>]*?(\/?)>/g);
  for (const [, closing, name = '', empty] of markup) {
    if (closing) {
      if (open.pop() !== name) return false;
    } else if (!empty) open.push(name);
  }
  return open.length === 0;
}

describe('the update set', () => {
  if (process.env['UPDATE_DOCS'])
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace(
        /(&lt;!\[CDATA\[)[\s\S]*(\]\]&gt;)/,
        (_, before: string, after: string) => before + escape(script) + after,
      ),
    );
  const xml = readFileSync(path, 'utf8');
  const rule = unescape(within(xml, 'payload'));

  it('holds the script and the condition of the manual', () => {
    expect(plain(within(rule, 'script'))).toBe(script);
    expect(manual).toContain(`| \`${plain(within(rule, 'condition'))}\``);
  });

  it('is one asynchronous rule for new and changed incidents, of the name that the manual has', () => {
    expect(isBalanced(xml)).toBe(true);
    expect(isBalanced(rule)).toBe(true);
    const fields = ['collection', 'when', 'action_insert', 'action_update', 'action_delete', 'order', 'active'];
    expect(fields.map((name) => within(rule, name))).toEqual([
      'incident',
      'async',
      'true',
      'true',
      'false',
      '1000',
      'true',
    ]);
    expect(manual).toMatch(new RegExp(`\\| Name +\\| ${within(rule, 'name')} `));
    expect(xml.match(/<sys_update_xml /g)).toHaveLength(1);
  });

  it('belongs to the set that it comes with', () => {
    const [set = '', update = ''] = xml.split('<sys_update_xml ');
    expect(within(set, 'sys_id')).toMatch(/^[0-9a-f]{32}$/);
    expect(update).toContain(`<remote_update_set display_value="OPR Connect">${within(set, 'sys_id')}<`);
    expect(within(update, 'name')).toBe(`sys_script_${within(rule, 'sys_id')}`);
  });
});
