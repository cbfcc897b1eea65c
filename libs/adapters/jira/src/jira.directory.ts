import { MisconfiguredError, RejectedError, type Json, type Mapping } from '@opr-connect/adapter-kit';
import type { Severity } from '@opr-connect/opr';
import type { JiraClient } from './jira.client';
import { at, listAt, textAt } from './jira.json';
import { priorityNames, sameName, userName } from './jira.mapping';
import type { JiraSettings } from './jira.settings';

export interface ScreenField {
  id: string;
  name: string;
  required: boolean;
  hasDefault: boolean;
  /** Choices with every name they go by; empty if anything may be written. */
  choices: { id: string; names: string[] }[];
}

/** What may be written when an issue of the configured type is made. */
export interface CreateScreen {
  typeId: string;
  fields: ReadonlyMap<string, ScreenField>;
}

/** A type of link between two issues. */
export interface LinkType {
  id: string;
  /** It reads the same from both ends. */
  isSymmetric: boolean;
}

const EXPIRY_MS = 10 * 60_000;
const MAX_ENTRIES = 1_000;

/** What the site calls things: the create screen of the project, users, ourselves. Answers are kept for ten minutes. */
export class JiraDirectory {
  private readonly kept = new Map<string, { until: number; value: unknown }>();

  constructor(
    private readonly client: JiraClient,
    private readonly settings: JiraSettings,
    private readonly mapping: Mapping,
  ) {}

  /** The names by which Jira tells the user of our token: account id (Cloud), or name and key (Data Center). */
  me(signal: AbortSignal): Promise<string[]> {
    return this.cached('me', async () => {
      const user = await this.client.get(['myself'], {}, signal);
      return ['accountId', 'name', 'key'].flatMap((name) => textAt(user, name) ?? []);
    });
  }

  createScreen(signal: AbortSignal): Promise<CreateScreen> {
    return this.cached('screen', async () => {
      const { project, issueType } = this.settings;
      const types = await this.pages(['issue', 'createmeta', project, 'issuetypes'], 'issueTypes', signal);
      const type = types.find((each) => textAt(each, 'id') === issueType || sameName(issueType, textAt(each, 'name')));
      const typeId = textAt(type, 'id');
      if (typeId === undefined) {
        const names = types.map((each) => textAt(each, 'name')).join(', ') || 'none that the user may create';
        throw new MisconfiguredError(`issueType: must be one of ${project}: ${names}`);
      }
      const fields = await this.pages(['issue', 'createmeta', project, 'issuetypes', typeId], 'fields', signal);
      const screen = { typeId, fields: new Map(fields.map(screenField).map((field) => [field.id, field])) };
      this.check(screen);
      return screen;
    });
  }

  /** The priority of a severity; `undefined` where the screen or the site has none for it. */
  async priority(severity: Severity, signal: AbortSignal): Promise<{ id: string; name: string } | undefined> {
    const field = (await this.createScreen(signal)).fields.get('priority');
    if (!field) return undefined;
    for (const name of priorityNames(severity, this.mapping)) {
      const choice = choiceIn(field, name);
      if (choice) return { id: choice.id, name: choice.names[0] ?? name };
    }
    return undefined;
  }

  /** The user by this login, mail address or full name, as Jira wants it written; `undefined` unless there is exactly one. */
  user(login: string, signal: AbortSignal): Promise<{ value: Json; name: string } | undefined> {
    return this.cached(`user.${login}`, async () => {
      const cloud = (await this.client.flavour(signal)) === 'cloud';
      const query = { project: this.settings.project, [cloud ? 'query' : 'username']: login, maxResults: '50' };
      const found = await this.usersLike(query, signal);
      const [user, second] = (Array.isArray(found) ? found : []).filter((each: unknown) =>
        ['name', 'emailAddress', 'displayName', 'accountId'].some((name) => sameName(login, textAt(each, name))),
      );
      const id = textAt(user, cloud ? 'accountId' : 'name');
      if (second !== undefined || id === undefined) return undefined;
      const value: Json = cloud ? { accountId: id } : { name: id };
      return { value, name: userName(user) };
    });
  }

  /** Nobody, where Jira refuses the name or the user may not look. */
  private async usersLike(query: Record<string, string>, signal: AbortSignal): Promise<unknown> {
    try {
      return await this.client.get(['user', 'assignable', 'search'], query, signal, 'user');
    } catch (error) {
      if (error instanceof RejectedError) return [];
      throw error;
    }
  }

  /** The type of link to causes that the settings name. @throws RejectedError  the site has none by that name: its issues need not wait for that */
  causeLinkType(signal: AbortSignal): Promise<LinkType> {
    return this.cached('link type', async () => {
      const { causeLinkType } = this.settings;
      const types = listAt(await this.client.get(['issueLinkType'], {}, signal), 'issueLinkTypes');
      const type = types.find(
        (each) => textAt(each, 'id') === causeLinkType || sameName(causeLinkType, textAt(each, 'name')),
      );
      const id = textAt(type, 'id');
      if (id === undefined) {
        const names = types.map((each) => textAt(each, 'name')).join(', ') || 'none that the user may see';
        throw new RejectedError(`causeLinkType: must be one of this site's, or empty: ${names}`);
      }
      return { id, isSymmetric: textAt(type, 'inward') === textAt(type, 'outward') };
    });
  }

  /** Values of further fields as Jira wants them written: the name of a choice becomes its id. */
  async asChoices(values: { [field: string]: Json }, signal: AbortSignal): Promise<{ [field: string]: Json }> {
    const { fields } = await this.createScreen(signal);
    return Object.fromEntries(
      Object.entries(values).map(([id, value]) => {
        const field = fields.get(id);
        const choice = typeof value === 'string' && field ? choiceIn(field, value) : undefined;
        return [id, choice ? { id: choice.id } : value];
      }),
    );
  }

  /** Ask again: the site contradicted what is kept. */
  forget(): void {
    this.kept.clear();
  }

  /** What the settings name must be there, and what the project wants must be in the settings. */
  private check({ fields }: CreateScreen): void {
    const { project, mapping } = this.settings;
    if (!fields.has('labels'))
      throw new MisconfiguredError(`${project}: the field Labels must be on the create and edit screens`);
    const own = new Map<string, Json | undefined>();
    for (const { field } of mapping?.customAttributes?.values() ?? []) own.set(field, undefined);
    for (const [id, { constant }] of mapping?.fields ?? []) own.set(id, constant);
    for (const [id, value] of own) {
      const field = fields.get(id);
      if (!field) throw new MisconfiguredError(`mapping: ${id} is not on the create screen of ${project}`);
      if (typeof value === 'string' && field.choices.length > 0 && !choiceIn(field, value))
        throw new MisconfiguredError(`mapping.fields.${id}: must be one of ${namesOf(field)}`);
    }
    const priority = fields.get('priority');
    for (const [severity, name] of Object.entries(mapping?.severity?.out ?? {})) {
      if (priority && !choiceIn(priority, name))
        throw new MisconfiguredError(`mapping.severity.out.${severity}: must be one of ${namesOf(priority)}`);
    }
    const missing = [...fields.values()].filter(
      ({ id, required, hasDefault }) => required && !hasDefault && !WRITTEN_FIELDS.has(id) && !own.has(id),
    );
    if (missing.length > 0)
      throw new MisconfiguredError(
        `mapping.fields: ${project} requires ${missing.map(({ id, name }) => `${id} (${name})`).join(', ')}`,
      );
  }

  /** Cloud names its list, Data Center calls it `values`. */
  private async pages(path: string[], name: string, signal: AbortSignal): Promise<unknown[]> {
    const found: unknown[] = [];
    for (;;) {
      const query = { startAt: String(found.length), maxResults: '50' };
      const answer = await this.client.get(path, query, signal);
      const page = [...listAt(answer, name), ...listAt(answer, 'values')];
      found.push(...page);
      if (page.length === 0 || at(answer, 'isLast') === true || found.length >= Number(at(answer, 'total') ?? 0)) break;
    }
    return found;
  }

  private async cached<T>(key: string, ask: () => Promise<T>): Promise<T> {
    const entry = this.kept.get(key);
    if (entry && entry.until > Date.now()) return entry.value as T;
    const value = await ask();
    if (this.kept.size >= MAX_ENTRIES) this.kept.clear();
    this.kept.set(key, { until: Date.now() + EXPIRY_MS, value });
    return value;
  }
}

/** What every new issue brings by itself; `reporter` is the user of the token. */
const WRITTEN_FIELDS: ReadonlySet<string> = new Set([
  ...['project', 'issuetype', 'summary', 'description', 'labels', 'priority', 'assignee', 'reporter'],
]);

function screenField(told: unknown): ScreenField {
  const id = textAt(told, 'fieldId') ?? textAt(told, 'key') ?? '';
  return {
    ...{ id, name: textAt(told, 'name') ?? id },
    ...{ required: at(told, 'required') === true, hasDefault: at(told, 'hasDefaultValue') === true },
    choices: choicesOf(told),
  };
}

/** `allowedValues` of a field, on a create screen or on that of a transition. */
export const choicesOf = (field: unknown): ScreenField['choices'] =>
  listAt(field, 'allowedValues').flatMap((value) => {
    const id = textAt(value, 'id');
    const names = ['name', 'value', 'key'].flatMap((name) => textAt(value, name) ?? []);
    return id === undefined ? [] : [{ id, names }];
  });

export const choiceIn = ({ choices }: Pick<ScreenField, 'choices'>, wanted: string) =>
  choices.find(({ id, names }) => id === wanted || names.some((name) => sameName(name, wanted)));

const namesOf = ({ choices }: ScreenField): string => choices.map(({ names: [name] }) => name).join(', ');
