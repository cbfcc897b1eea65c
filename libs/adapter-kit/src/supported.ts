import type { ForwardingType } from '@opr-connect/opr';
import type { Adapter } from './adapter';

/** The highest forwarding type that a connected server with this adapter supports, read off the methods it has. */
export function supportedForwardingType(adapter: Adapter): ForwardingType {
  if (!adapter.forwardChange) return 'notify';
  const tellsUs = adapter.traits?.speaksOpr || adapter.receiveChange || adapter.pollChanges;
  return tellsUs ? 'synchronize_and_transfer_control' : 'notify_and_update';
}
