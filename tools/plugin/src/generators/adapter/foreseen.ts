import type { Tree } from '@nx/devkit';
import type { Adapter } from '@opr-connect/adapter-kit';
import { Contract, pageWith } from '@opr-connect/adapter-kit/testing';
import type { Shape } from './options';

const PAGE = 'docs/adapters.md';

export const LACKS_LAG = 'a search reads the tickets themselves';
export const LACKS_TIES = 'its tickets cannot be linked to each other yet';

/**
 * Gives the new adapter its column in the page of the contract's results: as it is if it keeps every promise that applies. Its own
 * spec compares that with what it sees.
 */
export function addToPage(tree: Tree, shape: Shape): void {
  const page = tree.read(PAGE, 'utf8');
  if (page === null) throw new Error(`${PAGE} is not there`);
  const contract = new Contract({
    name: shape.name,
    factory: { connect: () => methodsOf(shape) },
    settings: class {},
    plain: () => ({}),
    lacks: { lag: LACKS_LAG, ties: LACKS_TIES },
    ...(shape.level === 'synchronize' && { collapses: { severity: { unknown: 'normal' } } }),
    start: () => Promise.reject(new Error('nothing is run')),
  });
  tree.write(PAGE, pageWith(page, contract, contract.foreseen()));
}

/** An adapter with the methods that the new one has, none of which is called. */
function methodsOf({ level, push, poll }: Shape): Adapter {
  const none = () => {
    throw new Error('nothing is called');
  };
  return {
    ...{ forwardEvent: none, preview: none, ping: none },
    ...(level !== 'notify' && { forwardChange: none }),
    ...(level === 'synchronize' && {
      ...{ getExternalEvent: none, changes: none, compareVersions: none, describe: none },
    }),
    ...(push && { receiveChange: none, verifyHook: none }),
    ...(poll && { pollChanges: none }),
  };
}
