import { createHmac, timingSafeEqual } from 'node:crypto';
import { ForgedHookError, RejectedError, type HookRequest } from '@opr-connect/adapter-kit';
import type { ServiceNowRow } from './servicenow.client';

export const SIGNATURE_HEADER = 'x-opr-connect-signature';

/** What the business rule tells of one record. The manual, `docs/servicenow.md`, has its script and describes each field. */
export interface RecordHook {
  sysId: string;
  number: string;
  table: string;
  correlationId: string;
  operation: 'insert' | 'update';
  /** `fields`, with `sys_mod_count` and `sys_created_on` among them. */
  row: ServiceNowRow;
  journal: ServiceNowRow[];
}

/**
 * Base64 of the HMAC-SHA256 over the raw body, which is what `generateMac` answers (ServiceNow product documentation,
 * "GlideCertificateEncryption"). There is no time in it on purpose: a rule's job may run late, and a hook that is played again tells
 * an old `sys_mod_count` and entries that are known by their sys_id, so it can only cause a read.
 */
export function verifySignature({ headers, body }: HookRequest, secret: string): void {
  const given = headers[SIGNATURE_HEADER];
  if (!given) throw new ForgedHookError(`${SIGNATURE_HEADER}: is missing`);
  const expected = createHmac('sha256', secret).update(body).digest();
  const actual = Buffer.from(given, 'base64');
  if (actual.length !== expected.length || !timingSafeEqual(actual, expected))
    throw new ForgedHookError(
      `${SIGNATURE_HEADER}: does not fit the body: hookSecret differs, or the body was altered`,
    );
}

/** @throws RejectedError naming the field and the rule it breaks */
export function parseHook(body: Buffer): RecordHook {
  const hook = record(parse(body), 'body');
  const sysId = matching(hook['sys_id'], 'sys_id', /^[0-9a-f]{32}$/, 'must be 32 hexadecimal digits');
  const operation = text(hook['operation'], 'operation');
  if (operation !== 'insert' && operation !== 'update') throw broken('operation', 'must be insert or update');
  const count = matching(hook['sys_mod_count'], 'sys_mod_count', /^\d+$/, 'must be a whole number, as text');
  const fields = Object.entries(record(hook['fields'], 'fields'));
  return {
    sysId,
    number: text(hook['number'], 'number'),
    table: text(hook['table'], 'table'),
    correlationId: text(hook['correlation_id'], 'correlation_id'),
    operation,
    row: {
      ...Object.fromEntries(fields.map(([name, value]) => [name, text(value, `fields.${name}`)])),
      ...{ sys_mod_count: count, sys_created_on: text(hook['sys_created_on'], 'sys_created_on') },
    },
    journal: list(hook['journal'], 'journal').map((entry, index) => journalEntry(entry, `journal[${index}]`)),
  };
}

function journalEntry(value: unknown, path: string): ServiceNowRow {
  const entry = record(value, path);
  return Object.fromEntries(
    ['sys_id', 'element', 'value', 'sys_created_on', 'sys_created_by'].map((name) => [
      name,
      text(entry[name], `${path}.${name}`),
    ]),
  );
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw broken('body', 'must be JSON in UTF-8');
  }
}

function record(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw broken(path, 'must be an object');
  return Object.fromEntries(Object.entries(value));
}

function list(value: unknown, path: string): unknown[] {
  if (!Array.isArray(value)) throw broken(path, 'must be a list');
  return value;
}

function text(value: unknown, path: string): string {
  if (typeof value !== 'string') throw broken(path, 'must be a text');
  return value;
}

function matching(value: unknown, path: string, pattern: RegExp, rule: string): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw broken(path, rule);
  return value;
}

const broken = (path: string, rule: string) => new RejectedError(`hook: ${path}: ${rule}`);
