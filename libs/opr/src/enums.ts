/**
 * The words of the OPR data model. Every list is in the order of the vendor's enumeration, which for severities, priorities
 * and forwarding types is ascending. Source: OMi / OBM Extensibility Guide, "Event Web Service" and "Integrating external
 * event processes"; OPR data model of the external API.
 */

export const SEVERITIES = ['unknown', 'normal', 'warning', 'minor', 'major', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

export const PRIORITIES = ['none', 'lowest', 'low', 'medium', 'high', 'highest'] as const;
export type Priority = (typeof PRIORITIES)[number];

export const LIFECYCLE_STATES = ['open', 'in_progress', 'resolved', 'closed'] as const;
export type LifecycleState = (typeof LIFECYCLE_STATES)[number];

/** What is agreed with a connected server about one event. Each type allows what the ones before it allow, and more. */
export const FORWARDING_TYPES = [
  'notify',
  'notify_and_update',
  'synchronize',
  'synchronize_and_transfer_control',
] as const;
export type ForwardingType = (typeof FORWARDING_TYPES)[number];

/** Whether `type` allows all that `minimum` allows. */
export function atLeast(type: ForwardingType, minimum: ForwardingType): boolean {
  return FORWARDING_TYPES.indexOf(type) >= FORWARDING_TYPES.indexOf(minimum);
}

/** `originated`: the named server created the event; `received`: the event was received from it. */
export const FORWARDING_STATES = [
  'queued',
  'forwarded',
  'originated',
  'received',
  'cancel_requested',
  'cancelled',
  'failed',
  'expired',
] as const;
export type ForwardingState = (typeof FORWARDING_STATES)[number];

export const CONTROL_TRANSFER_STATES = [
  'requested',
  'transferred',
  'cancel_requested',
  'cancelled',
  'failed',
  'expired',
  'undefined',
] as const;
export type ControlTransferState = (typeof CONTROL_TRANSFER_STATES)[number];

export const CHANGE_OPERATIONS = ['insert', 'update', 'delete'] as const;
export type ChangeOperation = (typeof CHANGE_OPERATIONS)[number];

export const ACTION_STATUSES = ['available', 'running', 'succeeded', 'failed', 'none'] as const;
export type ActionStatus = (typeof ACTION_STATUSES)[number];

export const POLICY_TYPES = [
  'unknown',
  'message',
  'logfile',
  'monitor',
  'console',
  'snmp',
  'scheduled',
  'wbem',
  'ext_agt',
  'agt_msi',
  'srv_msi',
  'internal',
] as const;
export type PolicyType = (typeof POLICY_TYPES)[number];

/** What a property change may speak of. `time_state_changed` is no member of the 9.22 enumeration but is sent by later versions. */
export const PROPERTY_NAMES = [
  'title',
  'description',
  'state',
  'custom_attribute',
  'severity',
  'priority',
  'category',
  'sub_category',
  'type',
  'related_ci_hint',
  'om_service_id',
  'om_user',
  'assigned_user',
  'assigned_group',
  'cause',
  'symptom',
  'time_created',
  'time_received',
  'duplicate_count',
  'eti_hint',
  'application',
  'object',
  'key',
  'close_key_pattern',
  'original_data',
  'original_id',
  'correlation_rule',
  'node_hint',
  'source_ci_hint',
  'annotation',
  'solution',
  'control_transferred_to',
  'forwarding_info',
  'time_state_changed',
] as const;
export type PropertyName = (typeof PROPERTY_NAMES)[number];
