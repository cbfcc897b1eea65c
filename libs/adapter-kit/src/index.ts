export * from './adapter';
export * from './allowed-addresses';
export * from './errors';
export * from './event-adapter';
export * from './http';
export * from './settings';
export * from './supported';
