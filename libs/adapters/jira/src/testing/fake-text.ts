import { Refusal } from './fake-issues';

const LIMIT = 32_767;
const isNode = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** REST v3 takes documents only, REST v2 strings only; both have a limit. */
export function checkText(value: unknown, cloud: boolean, field: string): void {
  if (value === null || value === undefined) return;
  const refuse = (reason: string) => new Refusal(400, [], { [field]: reason });
  if (cloud) {
    if (!isNode(value))
      throw refuse('Operation value must be an Atlassian Document (see the Atlassian Document Format)');
    checkNode(value, refuse);
    if (value['type'] !== 'doc' || value['version'] !== 1) throw refuse('INVALID_INPUT');
  } else if (typeof value !== 'string') throw refuse('Operation value must be a string');
  if (plainText(value).length > LIMIT)
    throw refuse(
      `The entered text is too long. It exceeds the allowed limit of ${LIMIT.toLocaleString('en')} characters.`,
    );
}

function checkNode(node: Record<string, unknown>, refuse: (reason: string) => Refusal): void {
  if (typeof node['type'] !== 'string') throw refuse('INVALID_INPUT');
  if (node['type'] === 'text' && (typeof node['text'] !== 'string' || node['text'] === ''))
    throw refuse('INVALID_INPUT');
  const content = node['content'] ?? [];
  if (!Array.isArray(content)) throw refuse('INVALID_INPUT');
  for (const child of content as unknown[]) {
    if (!isNode(child)) throw refuse('INVALID_INPUT');
    if (node['type'] === 'codeBlock' && child['marks']) throw refuse('INVALID_INPUT');
    checkNode(child, refuse);
  }
}

/** The wiki markup or the text of a document, as Jira would show it in a web hook. */
export function plainText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (!isNode(value)) return '';
  if (value['type'] === 'hardBreak') return '\n';
  if (typeof value['text'] === 'string') return value['text'];
  const parts = Array.isArray(value['content']) ? value['content'].map(plainText) : [];
  return parts.join(value['type'] === 'doc' ? '\n\n' : '');
}

/** How a person's words are stored. */
export const storedText = (text: string, cloud: boolean): unknown =>
  cloud
    ? {
        ...{ version: 1, type: 'doc' },
        content: text.split('\n').map((line) => ({
          type: 'paragraph',
          content: line ? [{ type: 'text', text: line }] : [],
        })),
      }
    : text;

/** Web hooks carry wiki markup, on Cloud too. */
export const hookText = (value: unknown): string | null =>
  value === null || value === undefined
    ? null
    : typeof value === 'string'
      ? value
      : plainText(value).replace(/[{}[\]*_|]/g, '\\$&');
