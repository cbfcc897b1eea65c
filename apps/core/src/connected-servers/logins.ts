import { isDeepStrictEqual } from 'node:util';
import type { Configuration } from '../config/configuration';
import type { HubConfig } from '../config/hub-config';
import { Credentials } from './credentials';

interface Pair {
  name: string;
  password: string;
}

/** The logins of one kind that the configuration in force gives. */
export class Logins {
  private pairs: readonly Pair[] = [];
  private known = new Credentials([]);

  constructor(configuration: Configuration, pairsIn: (config: HubConfig) => readonly Pair[]) {
    configuration.follow((config) => {
      const pairs = pairsIn(config);
      // Who was verified stays verified while no login of the kind changes.
      if (isDeepStrictEqual(pairs, this.pairs)) return;
      this.pairs = pairs;
      this.known = new Credentials(pairs);
    });
  }

  get credentials(): Credentials {
    return this.known;
  }
}
