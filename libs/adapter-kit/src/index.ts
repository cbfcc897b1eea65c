export * from './adapter';
export * from './errors';
export * from './event-adapter';
export * from './fields';
export * from './http';
export * from './mapping';
export * from './settings';
export * from './supported';
