import { checked, checkedLabel, checkedProperty, idOf, keyOf, SYSTEM_FIELDS, type FakeSite } from './fake-fields';
import { ISSUE_TYPES, LINK_TYPES, PRIORITIES, PROJECTS, Refusal, type FakeIssue } from './fake-issues';
import { select } from './fake-search';
import { checkText } from './fake-text';

export interface ApiCall {
  method: string;
  url: URL;
  /** Segments behind `/rest/api/<version>/`. */
  path: string[];
  body: Record<string, unknown>;
  /** The login that was authenticated. */
  by: string;
}

export type ApiAnswer = { status: number; value?: unknown };

const ok = (value: unknown): ApiAnswer => ({ status: 200, value });
const GONE =
  'The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046';

/** The REST API of one site, as far as an integration of issues uses it. @throws Refusal */
export function restApi(site: FakeSite, call: ApiCall): ApiAnswer {
  const { method, path } = call;
  const [resource, id = '', part, detail] = path;
  switch (resource) {
    case 'serverInfo':
      return ok(serverInfo(site.cloud, call.url.origin));
    case 'myself':
      return ok(site.json.user(call.by));
    case 'search':
      return search(site, call, id === 'jql');
    case 'user':
      return assignable(site, call);
    case 'project':
      return project(site, call, id);
    case 'issueLink':
    case 'issueLinkType':
      return links(site, call, resource, id);
    case 'issue':
      if (id === '' && method === 'POST') return create(site, call);
      if (id === 'createmeta') return createMeta(site, call, part ?? '', path[4]);
      if (part === undefined) return one(site, call, id);
      return partOf(site, call, site.issues.get(id), part, detail);
    default:
      throw new Refusal(404, [], {});
  }
}

const serverInfo = (cloud: boolean, origin: string) => ({
  ...{ baseUrl: origin, displayUrl: origin, version: cloud ? '1001.0.0-SNAPSHOT' : '10.3.24' },
  ...{ versionNumbers: cloud ? [1001, 0, 0] : [10, 3, 24], deploymentType: cloud ? 'Cloud' : 'Server' },
  ...{ buildNumber: 100_000, serverTitle: 'Jira' },
});

function search(site: FakeSite, { method, url, body }: ApiCall, enhanced: boolean): ApiAnswer {
  if (site.cloud && !enhanced) throw new Refusal(410, [GONE]);
  if (!site.cloud && enhanced) throw new Refusal(404, []);
  const asked = method === 'POST' ? body : Object.fromEntries(url.searchParams);
  const allowed = enhanced
    ? ['jql', 'maxResults', 'fields', 'nextPageToken', 'expand', 'properties', 'fieldsByKeys', 'reconcileIssues']
    : ['jql', 'maxResults', 'fields', 'startAt', 'expand', 'validateQuery'];
  const stranger = Object.keys(asked).find((name) => !allowed.includes(name));
  if (stranger) throw new Refusal(400, ['Invalid request payload. Refer to the REST API documentation and try again.']);
  const reconcile = (asked['reconcileIssues'] as unknown[] | undefined) ?? [];
  if (reconcile.length > 50 || reconcile.some((id) => typeof id !== 'number'))
    throw new Refusal(400, ['Invalid request payload. Refer to the REST API documentation and try again.']);
  const known = site.index.issues(reconcile.map(String));
  const found = select(String(asked['jql'] ?? ''), known, site.cloud, site.issues.now());
  const token = asked['nextPageToken'];
  const start = Number(enhanced ? (token ?? 0) : (asked['startAt'] ?? 0));
  const size = Math.min(Number(asked['maxResults'] ?? 50), 100);
  const page = found.slice(start, start + size);
  const fields = asked['fields'] as string[] | undefined;
  const properties = (asked['properties'] as string[] | undefined) ?? [];
  if (!enhanced) {
    const issues = page.map((issue) => site.json.issue(issue, fields, []));
    return ok({ expand: 'schema,names', startAt: start, maxResults: size, total: found.length, issues });
  }
  // Without fields there are ids only.
  const issues = page.map((issue) => (fields ? site.json.issue(issue, fields, properties) : { id: issue.id }));
  const isLast = start + size >= found.length;
  return ok({ issues, isLast, ...(!isLast && { nextPageToken: String(start + size) }) });
}

function assignable(site: FakeSite, { url }: ApiCall): ApiAnswer {
  const asked = (url.searchParams.get(site.cloud ? 'query' : 'username') ?? '').toLowerCase();
  const found = site.issues.users.filter((user) =>
    [user.displayName, user.emailAddress, ...(site.cloud ? [] : [user.name])].some((word) =>
      word.toLowerCase().startsWith(asked),
    ),
  );
  return ok(found.map((user) => site.json.userJson(user)));
}

function project(_: FakeSite, __: ApiCall, key: string): ApiAnswer {
  const id = PROJECTS[key];
  if (id === undefined) throw new Refusal(404, [`No project could be found with key '${key}'.`]);
  return ok({ id, key, name: key, projectTypeKey: 'software' });
}

function createMeta(site: FakeSite, { path }: ApiCall, key: string, typeId: string | undefined): ApiAnswer {
  if (PROJECTS[key] === undefined || path[3] !== 'issuetypes')
    throw new Refusal(404, [`No project could be found with key '${key}'.`]);
  const page = (name: 'issueTypes' | 'fields', list: unknown[]) =>
    ok({
      startAt: 0,
      maxResults: 50,
      total: list.length,
      ...(site.cloud ? { [name]: list } : { values: list, isLast: true }),
    });
  if (typeId === undefined)
    return page(
      'issueTypes',
      Object.entries(ISSUE_TYPES).map(([id, name]) => ({ id, name, subtask: false })),
    );
  const required = ['project', 'issuetype', 'summary'];
  const priorities = Object.entries(PRIORITIES).map(([id, name]) => ({ id, name }));
  const system = SYSTEM_FIELDS.filter((field) => !site.missingFields.has(field)).map((field) => ({
    ...{ fieldId: field, key: field, name: field, required: required.includes(field), hasDefaultValue: false },
    ...(field === 'priority' && { allowedValues: priorities, hasDefaultValue: true }),
  }));
  const custom = Object.entries(site.customFields).map(
    ([fieldId, { name, required: isRequired = false, allowedValues }]) => ({
      ...{ fieldId, key: fieldId, name, required: isRequired, hasDefaultValue: false },
      ...(allowedValues && { allowedValues }),
    }),
  );
  return page('fields', [...system, ...custom]);
}

function links(site: FakeSite, { method, body, by }: ApiCall, resource: string, id: string): ApiAnswer {
  if (!site.linking) throw new Refusal(404, ['Issue linking is currently disabled.']);
  switch (`${method} ${resource}`) {
    case 'GET issueLinkType':
      return ok({ issueLinkTypes: LINK_TYPES.map((type) => site.json.linkType(type)) });
    case 'POST issueLink': {
      const named = (body['type'] ?? {}) as { id?: string; name?: string };
      const type = LINK_TYPES.find((each) => each.id === named.id || each.name === named.name);
      if (!type) throw new Refusal(404, [`No issue link type with name '${named.name}' found.`]);
      const [inward, outward] = ['inwardIssue', 'outwardIssue'].map((end) => {
        const { id: other, key = other } = (body[end] ?? {}) as { id?: string; key?: string };
        return site.issues.get(key ?? '');
      });
      if (inward && outward) site.issues.link(type.id, inward, outward, by);
      return { status: 201 };
    }
    case 'DELETE issueLink':
      site.issues.unlink(id, by);
      return { status: 204 };
    default:
      throw new Refusal(405, []);
  }
}

function create(site: FakeSite, { body, by, url }: ApiCall): ApiAnswer {
  const fields = (body['fields'] ?? {}) as Record<string, unknown>;
  const key = keyOf(fields['project'], PROJECTS);
  const type = idOf(fields['issuetype'], ISSUE_TYPES);
  if (!key) throw new Refusal(400, [], { project: 'project is required' });
  if (!type) throw new Refusal(400, [], { issuetype: 'Specify a valid issue type' });
  const values = { project: key, issuetype: type, summary: '', ...checked(site, fields) };
  if (!values.summary) throw new Refusal(400, [], { summary: 'You must specify a summary of the issue.' });
  for (const [id, { name, required }] of Object.entries(site.customFields))
    if (required && fields[id] === undefined) throw new Refusal(400, [], { [id]: `${name} is required.` });
  const list = (body['properties'] ?? []) as { key: string; value: unknown }[];
  const properties = Object.fromEntries(
    list.map((property) => [property.key, checkedProperty(property.key, property.value)]),
  );
  const issue = site.issues.add({ ...values, properties }, by, site.workflow.first);
  return { status: 201, value: { id: issue.id, key: issue.key, self: `${url.origin}/rest/api/2/issue/${issue.id}` } };
}

function one(site: FakeSite, { method, url, body, by }: ApiCall, id: string): ApiAnswer {
  const issue = site.issues.get(id);
  switch (method) {
    case 'GET': {
      const list = (name: string) => url.searchParams.get(name)?.split(',').filter(Boolean);
      return ok(site.json.issue(issue, list('fields'), list('properties') ?? []));
    }
    case 'PUT': {
      const update = (body['update'] ?? {}) as Record<string, Record<string, unknown>[]>;
      const values = checked(site, (body['fields'] ?? {}) as Record<string, unknown>);
      const labels = (update['labels'] ?? []).reduce<string[]>((held, step) => {
        const add = step['add'] === undefined ? [] : [checkedLabel(String(step['add']))];
        return [...new Set([...held.filter((label) => label !== step['remove']), ...add])];
      }, issue.labels);
      site.issues.edit(issue, { ...values, ...(update['labels'] && { labels }) }, by);
      return { status: 204 };
    }
    case 'DELETE':
      site.issues.delete(issue, by);
      return { status: 204 };
    default:
      throw new Refusal(405, []);
  }
}

function partOf(site: FakeSite, call: ApiCall, issue: FakeIssue, part: string, detail: string | undefined): ApiAnswer {
  const { method, body, by, url } = call;
  switch (`${method} ${part}`) {
    case 'GET transitions': {
      const fields = url.searchParams.get('expand')?.includes('transitions.fields') ?? false;
      const list = site.workflow.from(issue).map((each) => site.workflow.transitionJson(each, fields, url.origin));
      return ok({ expand: 'transitions', transitions: list });
    }
    case 'POST transitions': {
      const id = (body['transition'] as Record<string, unknown> | undefined)?.['id'];
      const values = site.workflow.apply(issue, id, (body['fields'] ?? {}) as Record<string, unknown>);
      site.issues.edit(issue, values, by, 'issue_generic');
      return { status: 204 };
    }
    case 'GET comment': {
      const newestFirst = url.searchParams.get('orderBy') === '-created';
      const all = newestFirst ? issue.comments.toReversed() : issue.comments;
      const start = Number(url.searchParams.get('startAt') ?? 0);
      const size = Math.min(Number(url.searchParams.get('maxResults') ?? 50), 100);
      const comments = all.slice(start, start + size).map((comment) => site.json.comment(issue, comment));
      return ok({ startAt: start, maxResults: size, total: all.length, comments });
    }
    case 'POST comment': {
      checkText(body['body'], site.cloud, 'comment');
      if (!body['body']) throw new Refusal(400, [], { comment: 'Comment body can not be empty!' });
      const comment = site.issues.comment(issue, body['body'], by, body['visibility']);
      return { status: 201, value: site.json.comment(issue, comment) };
    }
    case 'PUT properties': {
      const known = detail !== undefined && detail in issue.properties;
      issue.properties[detail ?? ''] = checkedProperty(detail ?? '', call.body);
      return { status: known ? 200 : 201 };
    }
    case 'DELETE properties':
      if (detail === undefined || !(detail in issue.properties))
        throw new Refusal(404, ['The property does not exist.']);
      delete issue.properties[detail];
      site.index.note(issue, false);
      return { status: 204 };
    case 'GET remotelink':
      return ok(issue.remoteLinks);
    case 'POST remotelink': {
      const object = (body['object'] ?? {}) as Record<string, unknown>;
      if (!object['url'] || !object['title']) throw new Refusal(400, [], { title: "'title' is required." });
      if (String(body['globalId'] ?? '').length > 255) throw new Refusal(400, [], { globalId: 'too long' });
      const at = issue.remoteLinks.findIndex((link) => link['globalId'] === body['globalId']);
      const link = { ...body, id: at < 0 ? 10_000 + issue.remoteLinks.length : issue.remoteLinks[at]?.['id'] };
      if (at < 0) issue.remoteLinks.push(link);
      else issue.remoteLinks[at] = link;
      return { status: at < 0 ? 201 : 200, value: { id: link.id, self: `${url.origin}/` } };
    }
    default:
      throw new Refusal(405, []);
  }
}
