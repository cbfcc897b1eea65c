export { Configuration } from './config/configuration';
export { Environment, readEnvironment } from './config/environment';
export { HubConfig } from './config/hub-config';
export { startEmbeddedPostgres, type EmbeddedPostgres } from './database/embedded/embedded-postgres';
export { startHub, type Hub } from './hub';
