import { createHmac, timingSafeEqual } from 'node:crypto';
import { ForgedHookError, RejectedError, type HookRequest } from '@opr-connect/adapter-kit';
import { at, isObject, listAt, textAt, type JsonObject } from './jira.json';

export const SIGNATURE_HEADER = 'x-hub-signature';

/** WebSub names the method before the sum; nothing weaker than SHA-256 is taken. */
const METHODS: ReadonlySet<string> = new Set(['sha256', 'sha384', 'sha512']);

/**
 * What a web hook tells us: which issue was touched, by whom, and whether it was deleted. What it says of the issue itself is
 * not used, so its field lists, its wiki markup on Cloud and the order of hooks do not matter: the issue is read.
 */
export interface IssueHook {
  issueId: string;
  kind: 'created' | 'changed' | 'deleted';
  /** Account id (Cloud), or name and key (Data Center), of whoever did it; empty if the hook does not say. */
  actors: readonly string[];
  /** Labels of the issue, where the hook carries them. */
  labels?: readonly string[];
}

/**
 * `<method>=<hexadecimal HMAC>` over the raw body ("Webhooks", section on secrets; WebSub §8). There is no time in it: a hook that
 * is played again names an issue, which is then read as it is.
 */
export function verifySignature({ headers, body }: HookRequest, secret: string): void {
  const given = headers[SIGNATURE_HEADER];
  if (!given) throw new ForgedHookError(`${SIGNATURE_HEADER}: is missing: set the secret of the web hook in Jira`);
  const [, method = '', sum = ''] = /^([a-z0-9]+)=([0-9a-f]+)$/i.exec(given.trim()) ?? [];
  if (!METHODS.has(method.toLowerCase())) throw new ForgedHookError(`${SIGNATURE_HEADER}: must be sha256 or stronger`);
  const expected = createHmac(method.toLowerCase(), secret).update(body).digest();
  const actual = Buffer.from(sum, 'hex');
  if (actual.length !== expected.length || !timingSafeEqual(actual, expected))
    throw new ForgedHookError(
      `${SIGNATURE_HEADER}: does not fit the body: hookSecret differs, or the body was altered`,
    );
}

/**
 * The issue that a hook tells of; `undefined` for events that concern no issue of ours (versions, projects, users …).
 *
 * @throws RejectedError naming the field and the rule it breaks
 */
export function parseHook(body: Buffer): IssueHook | undefined {
  const hook = objectIn(body);
  const event = textAt(hook, 'webhookEvent');
  if (event === undefined) throw broken('webhookEvent', 'must be a text');
  switch (event) {
    case 'jira:issue_created':
      return issueHook(hook, 'created');
    case 'jira:issue_updated':
      return issueHook(hook, 'changed');
    case 'jira:issue_deleted':
      return issueHook(hook, 'deleted');
    case 'comment_created':
    case 'comment_updated':
      return commentHook(hook);
    default:
      return undefined;
  }
}

function issueHook(hook: JsonObject, kind: IssueHook['kind']): IssueHook {
  const issueId = idOf(at(hook, 'issue', 'id'), 'issue.id');
  // A comment in the form of an issue event has its author in both places.
  const actors = namesOf(at(hook, 'user'));
  const labels = at(hook, 'issue', 'fields', 'labels');
  checkChangelog(hook);
  return { issueId, kind, actors, ...(Array.isArray(labels) && { labels: labels.map(String) }) };
}

/** Cloud adds an issue with a handful of fields and leaves `user` out; Server has no issue, only the address of the comment. */
function commentHook(hook: JsonObject): IssueHook {
  const comment = at(hook, 'comment');
  if (!isObject(comment)) throw broken('comment', 'must be an object');
  idOf(at(comment, 'id'), 'comment.id');
  const told = at(hook, 'issue', 'id');
  const issueId = told === undefined ? issueIdIn(textAt(comment, 'self')) : idOf(told, 'issue.id');
  const actors = namesOf(at(comment, 'updateAuthor') ?? at(comment, 'author'));
  return { issueId, kind: 'changed', actors };
}

const COMMENT_ADDRESS = /\/issue\/(\d+)\/comment\/\d+$/;

function issueIdIn(self: string | undefined): string {
  const id = COMMENT_ADDRESS.exec(self ?? '')?.[1];
  if (id === undefined) throw broken('comment.self', 'must end with /issue/<id>/comment/<id>');
  return id;
}

/** Nothing of it is used, but a body without its shape is none of Jira's. */
function checkChangelog(hook: JsonObject): void {
  const changelog = at(hook, 'changelog');
  if (changelog === undefined) return;
  for (const [index, item] of listAt(changelog, 'items').entries()) {
    if (textAt(item, 'field') === undefined) throw broken(`changelog.items[${index}].field`, 'must be a text');
    const value = at(item, 'toString');
    if (value !== undefined && value !== null && typeof value !== 'string')
      throw broken(`changelog.items[${index}].toString`, 'must be a text or null');
  }
}

/** Old servers tell ids as numbers. */
function idOf(value: unknown, path: string): string {
  const id = typeof value === 'number' ? String(value) : value;
  if (typeof id !== 'string' || !/^\d{1,19}$/.test(id)) throw broken(path, 'must be a number');
  return id;
}

const namesOf = (user: unknown): string[] => ['accountId', 'name', 'key'].flatMap((name) => textAt(user, name) ?? []);

function objectIn(body: Buffer): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw broken('body', 'must be JSON in UTF-8');
  }
  if (!isObject(value)) throw broken('body', 'must be an object');
  return value;
}

const broken = (path: string, rule: string) => new RejectedError(`hook: ${path}: ${rule}`);
