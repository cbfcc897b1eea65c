import { HubConfig, LOCAL } from './hub-config';
import { serverUuid } from './server-uuid';

type Fields = Record<string, unknown>;

/**
 * The rules between fields. They read the file as written, not the validated classes, so that they are told together
 * with everything else that is wrong; what has the wrong type is not theirs to mention.
 */
export function crossCheck(plain: unknown): string[] {
  const config = isMap(plain) ? plain : {};
  const servers = maps(config.servers, 'servers');
  return [
    ...repeated(maps(config.operators, 'operators').map(({ at, fields }) => [`${at}.name`, fields.name])),
    ...repeated(servers.flatMap(({ at, fields }) => namesOf(fields, at))),
    ...reserved(servers),
    ...repeated(uuids(servers, config.hubId)),
    ...repeated(maps(config.rules, 'rules').map(({ at, fields }) => [`${at}.name`, fields.name])),
    ...maps(config.rules, 'rules').flatMap((rule) => [...sources(rule, servers), ...targets(rule, servers)]),
  ];
}

interface Place {
  at: string;
  fields: Fields;
}

const isMap = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

const maps = (list: unknown, path: string): Place[] =>
  (Array.isArray(list) ? list : []).flatMap((fields: unknown, index) =>
    isMap(fields) ? [{ at: `${path}[${index}]`, fields }] : [],
  );

const texts = (value: unknown): string[] =>
  (Array.isArray(value) ? value : []).filter((item): item is string => typeof item === 'string');

const namesOf = (server: Fields, at: string): [string, unknown][] => [
  [`${at}.name`, server.name],
  ...texts(server.aliases).map((alias, index): [string, unknown] => [`${at}.aliases[${index}]`, alias]),
];

/** Two servers with the same default uuid have the same first name, which is told as such. */
function uuids(servers: readonly Place[], hubId: unknown): [string, unknown][] {
  const hub = typeof hubId === 'string' ? hubId : new HubConfig().hubId;
  const byName = new Map(
    servers.flatMap(({ at, fields: { uuid, name, aliases } }): [string, string][] =>
      uuid === undefined && typeof name === 'string' ? [[serverUuid(hub, { name, aliases: texts(aliases) }), at]] : [],
    ),
  );
  const given = servers.flatMap(({ at, fields: { uuid } }): [string, string][] =>
    typeof uuid === 'string' ? [[uuid.toLowerCase(), at]] : [],
  );
  return [...byName, ...given].map(([uuid, at]) => [`${at}.uuid`, uuid]);
}

function repeated(values: readonly [path: string, value: unknown][]): string[] {
  const first = new Map<string, string>();
  return values.flatMap(([path, value]) => {
    if (typeof value !== 'string') return [];
    const earlier = first.get(value);
    if (earlier !== undefined) return [`${path}: is already used by ${earlier}`];
    first.set(value, path);
    return [];
  });
}

const reserved = (servers: readonly Place[]): string[] =>
  servers
    .flatMap(({ at, fields }) => namesOf(fields, at))
    .filter(([, name]) => name === LOCAL)
    .map(([path]) => `${path}: ${LOCAL} is the name of the hub itself`);

function sources({ at, fields }: Place, servers: readonly Place[]): string[] {
  const source = isMap(fields.filter) ? fields.filter.source : undefined;
  const named: [string, unknown][] = Array.isArray(source)
    ? source.map((name: unknown, index) => [`${at}.filter.source[${index}]`, name])
    : [[`${at}.filter.source`, source]];
  return named.flatMap(([path, name]) => (name === LOCAL ? [] : unknownServer(path, name, servers)));
}

function targets({ at, fields }: Place, servers: readonly Place[]): string[] {
  const named = maps(fields.targets, `${at}.targets`).map((target): [string, unknown] => [
    `${target.at}.server`,
    target.fields.server,
  ]);
  const unknown = named.flatMap(([path, name]) =>
    name === LOCAL
      ? [`${path}: ${LOCAL} is the hub itself, to which nothing is forwarded`]
      : unknownServer(path, name, servers),
  );
  return [...unknown, ...repeated(named)];
}

function unknownServer(path: string, name: unknown, servers: readonly Place[]): string[] {
  if (typeof name !== 'string' || servers.some(({ fields }) => fields.name === name)) return [];
  const renamed = servers.find(({ fields }) => texts(fields.aliases).includes(name));
  return [`${path}: names no connected server${renamed ? ` (it is an old name of ${renamed.at})` : ''}`];
}
