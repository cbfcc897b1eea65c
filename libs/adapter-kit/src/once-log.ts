import type { AdapterLog } from './event-adapter';

/** Says each message once, for as long as the adapter lives: what is so of every record need not be told of each. */
export function onceLog(log: AdapterLog): AdapterLog {
  const told = new Set<string>();
  const once =
    (level: keyof AdapterLog): AdapterLog['info'] =>
    (message, details) => {
      if (told.has(message)) return;
      told.add(message);
      log[level](message, details);
    };
  return { info: once('info'), warn: once('warn') };
}
