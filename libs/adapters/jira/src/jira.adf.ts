import type { Json } from '@opr-connect/adapter-kit';
import { at, isObject, listAt, textAt } from './jira.json';

/**
 * Plain text and the Atlassian Document Format, which REST v3 of Jira Cloud reads and writes ("Atlassian Document Format",
 * JSON schema of the npm package `@atlaskit/adf-schema`). What we write comes back as the same text.
 */
export type AdfDocument = { version: 1; type: 'doc'; content: Json[] };

const URLS = /https?:\/\/[^\s<>"'\\{}|^`[\]()]+/g;

/** A paragraph for each block between empty lines, a hard break for each line end within, a link for each address. */
export const textToAdf = (text: string): AdfDocument => ({
  version: 1,
  type: 'doc',
  content: text.split('\n\n').map((block) => ({ type: 'paragraph', content: block.split('\n').flatMap(lineToNodes) })),
});

function lineToNodes(line: string, index: number): Json[] {
  const nodes: Json[] = index > 0 ? [{ type: 'hardBreak' }] : [];
  let start = 0;
  const plain = (end: number) => {
    // The schema knows no empty text.
    if (end > start) nodes.push({ type: 'text', text: line.slice(start, end) });
    start = end;
  };
  for (const { 0: href, index: found } of line.matchAll(URLS)) {
    plain(found);
    nodes.push({ type: 'text', text: href, marks: [{ type: 'link', attrs: { href } }] });
    start = found + href.length;
  }
  plain(line.length);
  return nodes;
}

/** The text of any document, whoever wrote it. What has no text is named in brackets. */
export function adfToText(document: unknown): string {
  return typeof document === 'string' ? document : blocks(document, '\n\n');
}

const blocks = (parent: unknown, separator: string): string =>
  listAt(parent, 'content').map(blockToText).join(separator);

function blockToText(node: unknown): string {
  switch (at(node, 'type')) {
    case 'bulletList':
    case 'taskList':
    case 'decisionList':
      return listAt(node, 'content')
        .map((item) => listItem('- ', item))
        .join('\n');
    case 'orderedList': {
      const order = at(node, 'attrs', 'order');
      const first = typeof order === 'number' ? order : 1;
      return listAt(node, 'content')
        .map((item, index) => listItem(`${first + index}. `, item))
        .join('\n');
    }
    case 'blockquote':
      return blocks(node, '\n\n').replace(/^/gm, '> ');
    case 'rule':
      return '----';
    case 'table':
      return listAt(node, 'content')
        .map((row) =>
          listAt(row, 'content')
            .map((cell) => blocks(cell, ' '))
            .join(' | '),
        )
        .join('\n');
    case 'expand':
    case 'nestedExpand':
      return [textAt(node, 'attrs', 'title'), blocks(node, '\n\n')].filter(Boolean).join('\n\n');
    case 'mediaSingle':
    case 'mediaGroup':
    case 'layoutSection':
    case 'layoutColumn':
    case 'panel':
      return blocks(node, '\n\n');
    default:
      return inlineToText(node);
  }
}

function listItem(bullet: string, item: unknown): string {
  if (['taskItem', 'decisionItem'].includes(textAt(item, 'type') ?? '')) return bullet + inline(item);
  const isList = ['bulletList', 'orderedList', 'taskList'].includes(textAt(item, 'type') ?? '');
  const text = isList ? blockToText(item) : blocks(item, '\n');
  return bullet + text.replace(/\n/g, `\n${' '.repeat(bullet.length)}`);
}

const inline = (parent: unknown): string => listAt(parent, 'content').map(inlineToText).join('');

function inlineToText(node: unknown): string {
  if (!isObject(node)) return '';
  const attribute = (name: string) => textAt(node, 'attrs', name);
  switch (at(node, 'type')) {
    case 'text':
      return linked(textAt(node, 'text') ?? '', node);
    case 'hardBreak':
      return '\n';
    case 'mention':
    case 'status':
      return attribute('text') ?? '';
    case 'emoji':
      return attribute('text') ?? attribute('shortName') ?? '';
    case 'date': {
      const time = new Date(Number(attribute('timestamp')));
      return Number.isNaN(time.getTime()) ? '' : time.toISOString().slice(0, 10);
    }
    case 'inlineCard':
    case 'blockCard':
    case 'embedCard':
      return attribute('url') ?? '';
    case 'media':
    case 'mediaInline':
      return `[${attribute('alt') ?? 'attachment'}]`;
    default:
      return inline(node);
  }
}

/** A link whose words differ from its address is followed by the address. */
function linked(text: string, node: unknown): string {
  const link = listAt(node, 'marks').find((mark) => at(mark, 'type') === 'link');
  const href = textAt(link, 'attrs', 'href');
  return href === undefined || href === text ? text : `${text} (${href})`;
}
