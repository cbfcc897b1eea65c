import { boolean, integer, list, long, one, open, text, time, word, wrapped } from './element';
import {
  ACTION_STATUSES,
  CHANGE_OPERATIONS,
  CONTROL_TRANSFER_STATES,
  FORWARDING_STATES,
  FORWARDING_TYPES,
  LIFECYCLE_STATES,
  POLICY_TYPES,
  PRIORITIES,
  PROPERTY_NAMES,
  SEVERITIES,
} from './enums';
import type { PropertyChange } from './model';

const opr = (suffix: string): string => `urn:x-hp:2009:software:data_model:opr:type:${suffix}`;
const cmdb = (suffix: string): string => `urn:x-hp:2009:software:data_model:type:${suffix}`;

const resource = {
  /** Identity of this object. Of an event in an answer to a forward: the id of the external record. */
  id: text,
  /** Version of this instance (the attribute `version` is the one of the model). */
  version: integer,
};

const reference = {
  ...resource,
  targetId: text,
  /** In a change that is forwarded to a target: the id of the event where it came from, `targetId` being the target's own. */
  targetGlobalId: text,
  /** URN. */
  targetType: text,
  /** URL. */
  targetHref: text,
};

const node = {
  dnsName: text,
  ipAddress: text,
  /** The core id of the agent. */
  coreId: text,
};

const label = { name: text, displayLabel: text };

const configurationItem = {
  /** 32 hexadecimal digits. */
  id: text,
  globalId: text,
  /** The CI type, for example `unix`. */
  type: text,
  name: text,
  displayLabel: text,
  /** Only with relationships included. */
  partOf: one('RelatedCi'),
  typeLabel: text,
};

const eventChange = {
  /** Identity of the change itself. */
  id: text,
  version: integer,
  eventRef: one('EventReference'),
  headline: text,
  timeCreated: time,
  timeChanged: time,
  changedProperties: wrapped<PropertyChange>({
    string_property_change: 'StringPropertyChange',
    state_change: 'StateChange',
    severity_property_change: 'SeverityPropertyChange',
    priority_property_change: 'PriorityPropertyChange',
    time_property_change: 'TimePropertyChange',
    integer_property_change: 'IntegerPropertyChange',
    long_property_change: 'LongPropertyChange',
    user_property_change: 'UserPropertyChange',
    group_property_change: 'GroupPropertyChange',
    annotation_property_change: 'AnnotationPropertyChange',
    custom_attribute_property_change: 'CustomAttributePropertyChange',
    symptom_property_change: 'SymptomPropertyChange',
    correlation_rule_property_change: 'CorrelationRulePropertyChange',
    control_transferred_to_property_change: 'ControlTransferredToPropertyChange',
    forwarding_info_property_change: 'ForwardingInfoPropertyChange',
  }),
  /** Login name of a user, or what else made the change. */
  modifiedBy: text,
};

const changeOrigin = { componentType: text, componentId: text, messageKey: text };

/** OBM calls the property `assigned_group`; clients have been seen that name the element instead. */
const propertyName = word(PROPERTY_NAMES, { assigned_group_name: 'assigned_group' });
const changeOperation = word(CHANGE_OPERATIONS);

const self = { self: text };
const pages = { self: text, startIndex: long, pageSize: long, totalSize: long };
const targetRole = { self: text, targetRole: text };

/**
 * Every type of the data model that the protocol carries: the URN and version that it is marked with, its attributes, and
 * its elements in the order of the schema. The types of `model.ts` are inferred from this table, and the reader and the
 * writer know nothing but this table.
 *
 * Sources: OPR data model of the vendor's external API (9.22); documents of OMi 10 for what came later.
 */
export const TABLE = {
  OprEvent: {
    urn: opr('event'),
    version: '1.3',
    attributes: { self: text, relationshipsIncluded: boolean },
    elements: {
      ...resource,
      /** Grows with every event; the key by which the answer to a forwarded list is matched. */
      sequenceNumber: long,
      title: text,
      description: text,
      solution: text,
      /** The page of the event; in an answer to a forward: the page of the external record. */
      drilldownUrl: text,
      state: word(LIFECYCLE_STATES),
      severity: word(SEVERITIES),
      priority: word(PRIORITIES),
      category: text,
      subCategory: text,
      application: text,
      object: text,
      /** The type of the event, a free text (the attribute `type` is the one of the model). */
      type: text,
      duplicateCount: integer,
      receivedOnCiDowntime: boolean,
      /** When it happened, by the clock of its source. */
      timeCreated: time,
      timeChanged: time,
      timeReceived: time,
      /** Since OMi 10. */
      timeFirstReceived: time,
      timeStateChanged: time,
      assignedUser: one('OprUser'),
      assignedGroup: one('OprGroup'),
      userAction: one('OprAction'),
      autoAction: one('OprAction'),
      /** Of a symptom: its cause. */
      cause: one('EventReference'),
      /** Of a cause: its symptoms. */
      symptomList: one('SymptomList'),
      customAttributeList: one('CustomAttributeList'),
      annotationList: one('AnnotationList'),
      relatedCiHints: one('RelatedCiHints'),
      relatedCi: one('RelatedCi'),
      sourceCiHints: one('SourceCiHints'),
      sourceCi: one('RelatedCi'),
      nodeHints: one('NodeHints'),
      nodeRef: one('NodeReference'),
      ciResolutionInfo: one('CiResolutionInfo'),
      originatingServer: one('NodeInfo'),
      sendingServer: one('NodeInfo'),
      omServiceId: text,
      omUser: text,
      /** `<indicator>:<value>`. */
      etiHint: text,
      etiValue: one('EtiValueReference'),
      /** Two events with the same key are duplicates. */
      key: text,
      /** Closes the events whose key matches; `<*>` is a wildcard. */
      closeKeyPattern: text,
      correlationRule: one('CorrelationRuleReference'),
      matchInfo: one('MatchInfo'),
      /** The id at the source. */
      originalId: text,
      originalData: text,
      controlTransferred: boolean,
      controlTransferredTo: one('ControlTransferInfo'),
      forwardingInfoList: one('ForwardingInfoList'),
      historyLineListRef: one('HistoryLineListReference'),
      sourcedFrom: one('SourceInfo'),
      logOnly: boolean,
      skipDuplicateSuppression: boolean,
      instructionAvailable: boolean,
      /** This server got the event as a notification only. */
      receivedAsNotify: boolean,
      affectsBusinessServiceList: one('AffectsBusinessServiceList'),
      /** For display, in the language and zone of whoever asked; so are the other labels. */
      timeCreatedLabel: text,
      timeChangedLabel: text,
      timeReceivedLabel: text,
      timeFirstReceivedLabel: text,
      timeStateChangedLabel: text,
    },
  },
  OprEventList: {
    urn: opr('event_list'),
    version: '1.1',
    attributes: pages,
    elements: { drilldownUrl: text, event: list('OprEvent') },
  },
  EventChange: {
    urn: opr('event:event_change'),
    version: '1.2',
    attributes: self,
    elements: {
      ...eventChange,
      /** The key by which the answer to a forwarded list is matched. */
      sequenceNumber: long,
      ...changeOrigin,
    },
  },
  EventChangeList: {
    urn: opr('event:event_change_list'),
    version: '1.0',
    attributes: pages,
    elements: { eventChange: list('EventChange') },
  },
  HistoryLine: {
    urn: opr('event:history_line'),
    version: '1.2',
    attributes: self,
    elements: { ...eventChange, ...changeOrigin },
  },
  HistoryLineList: {
    urn: opr('event:history_line_list'),
    version: '1.0',
    attributes: pages,
    elements: { historyLine: list('HistoryLine') },
  },
  HistoryLineListReference: {
    urn: opr('reference:event:history_line_list'),
    version: '1.1',
    attributes: targetRole,
    elements: { ...reference, historyLineList: one('HistoryLineList') },
  },
  Annotation: {
    urn: opr('event:annotation'),
    version: '1.0',
    attributes: self,
    elements: { ...resource, eventRef: one('EventReference'), author: text, timeCreated: time, text },
  },
  AnnotationList: {
    urn: opr('event:annotation_list'),
    version: '1.0',
    attributes: pages,
    elements: { annotation: list('Annotation') },
  },
  CustomAttribute: {
    urn: opr('event:custom_attribute'),
    version: '1.0',
    attributes: self,
    elements: { ...resource, name: text, value: text },
  },
  CustomAttributeList: {
    urn: opr('event:custom_attribute_list'),
    version: '1.0',
    attributes: pages,
    elements: { customAttribute: list('CustomAttribute') },
  },
  EventReference: {
    urn: opr('reference:event:event_ref'),
    version: '1.1',
    attributes: targetRole,
    elements: { ...reference, title: text },
  },
  Symptom: {
    urn: opr('reference:event:symptom'),
    version: '1.1',
    attributes: targetRole,
    elements: { ...reference, title: text },
  },
  SymptomList: {
    urn: opr('event:symptom_list'),
    version: '1.0',
    attributes: pages,
    elements: { symptom: list('Symptom') },
  },
  OprUser: {
    attributes: self,
    elements: {
      /**
       * An integer in OMi 9 (negative: nobody), a UUID since OMi 10 (`00000000-0000-0000-ffff-ffffffffffff`: nobody, the names
       * being empty).
       */
      id: text,
      loginName: text,
      /** The name for display. */
      userName: text,
    },
  },
  OprGroup: {
    attributes: self,
    elements: {
      /** As the id of a user. */
      id: text,
      name: text,
    },
  },
  OprAction: {
    urn: opr('event:action'),
    version: '1.0',
    attributes: self,
    elements: { node: one('NodeInfo'), call: text, status: word(ACTION_STATUSES) },
  },
  ForwardingInfo: {
    urn: opr('forwarding_info'),
    version: '1.1',
    attributes: self,
    elements: {
      ...resource,
      ...node,
      /** Name of the connected server. */
      ...label,
      /** The id that the connected server answered. */
      externalId: text,
      externalUrl: text,
      forwardingType: word(FORWARDING_TYPES),
      state: word(FORWARDING_STATES),
      timeLastChangeSent: time,
      /** The forwarding rule; `__manual__` if an operator forwarded the event. */
      ruleName: text,
      connectedServerId: text,
      queueIdentifier: text,
      eventRef: one('EventReference'),
    },
  },
  ForwardingInfoList: {
    // The doubled colon is the vendor's.
    urn: opr(':forwarding_info_list'),
    version: '1.0',
    attributes: pages,
    elements: { forwardingInfo: list('ForwardingInfo') },
  },
  ControlTransferInfo: {
    urn: opr('control_transfer_info'),
    version: '1.2',
    attributes: self,
    elements: {
      ...resource,
      ...label,
      externalId: text,
      externalUrl: text,
      state: word(CONTROL_TRANSFER_STATES),
      dnsName: text,
      connectionPort: integer,
      /** A login name, or `system` if a rule did it. */
      initiatedBy: text,
      ruleName: text,
    },
  },
  SourceInfo: {
    urn: opr('source_info'),
    version: '1.0',
    attributes: self,
    elements: {
      ...resource,
      ...label,
      externalId: text,
      externalUrl: text,
      dnsName: text,
      iaManagementPort: integer,
      iaManagementProtocol: text,
      domainManagerPort: integer,
      domainManagerProtocol: text,
      /** The server before that one. */
      sentVia: one('SourceInfo'),
    },
  },
  MatchInfo: {
    attributes: self,
    elements: { policyType: word(POLICY_TYPES), policyName: text, conditionId: text, conditionName: text },
  },
  CiResolutionInfo: {
    urn: opr('event:ci_resolution_info'),
    version: '1.0',
    attributes: self,
    elements: {
      hintCount: integer,
      matchedHintCount: integer,
      /** Percent. */
      qualityMetric: integer,
      status: text,
    },
  },
  RelatedCiHints: {
    urn: opr('related_ci_hints'),
    version: '1.0',
    attributes: self,
    elements: { hint: list(text) },
  },
  SourceCiHints: {
    urn: opr('source_ci_hints'),
    version: '1.0',
    attributes: self,
    elements: { hint: list(text), node: one('NodeInfo') },
  },
  NodeHints: {
    urn: opr('node_hints'),
    version: '1.0',
    attributes: self,
    elements: { hint: list(text), node: one('NodeInfo') },
  },
  NodeInfo: {
    urn: opr('node_info'),
    version: '1.0',
    attributes: self,
    elements: node,
  },
  RelatedCi: {
    urn: opr('reference:configuration_item:related_ci'),
    version: '1.1',
    attributes: targetRole,
    elements: { ...reference, configurationItem: one('ConfigurationItem'), subComponent: text },
  },
  NodeReference: {
    urn: opr('reference:configuration_item:node_ref'),
    version: '1.0',
    attributes: targetRole,
    elements: { ...reference, node: one('OprNode') },
  },
  ConfigurationItem: {
    urn: cmdb('configuration_item'),
    version: '1.2',
    attributes: self,
    elements: configurationItem,
  },
  OprNode: {
    urn: cmdb('node'),
    version: '1.1',
    attributes: self,
    elements: { ...configurationItem, primaryDnsName: text },
  },
  AffectsBusinessService: {
    urn: opr('reference:configuration_item:affects_business_service'),
    version: '1.0',
    attributes: targetRole,
    elements: { ...reference, configurationItem: one('ConfigurationItem') },
  },
  AffectsBusinessServiceList: {
    attributes: pages,
    elements: { affectsBusinessService: list('AffectsBusinessService') },
  },
  EtiReference: {
    urn: opr('reference:eti'),
    version: '1.0',
    attributes: targetRole,
    elements: { ...reference, ...label },
  },
  EtiValueReference: {
    urn: opr('reference:eti_value'),
    version: '1.0',
    attributes: targetRole,
    elements: { ...reference, ...label, eti: one('EtiReference') },
  },
  CorrelationRuleReference: {
    urn: opr('reference:correlation_rule'),
    version: '1.0',
    attributes: targetRole,
    elements: { ...reference, ...label },
  },
  StringPropertyChange: {
    urn: opr('event:string_property_change'),
    version: '1.0',
    elements: { propertyName, previousValue: open(text), currentValue: open(text) },
  },
  StateChange: {
    urn: opr('event:state_change'),
    version: '1.0',
    elements: {
      propertyName,
      previousValue: open(word(LIFECYCLE_STATES)),
      currentValue: open(word(LIFECYCLE_STATES)),
    },
  },
  SeverityPropertyChange: {
    urn: opr('event:severity_property_change'),
    version: '1.0',
    elements: {
      propertyName,
      previousValue: open(word(SEVERITIES)),
      currentValue: open(word(SEVERITIES)),
    },
  },
  PriorityPropertyChange: {
    urn: opr('event:priority_property_change'),
    version: '1.0',
    elements: {
      propertyName,
      previousValue: open(word(PRIORITIES)),
      currentValue: open(word(PRIORITIES)),
    },
  },
  TimePropertyChange: {
    urn: opr('event:time_property_change'),
    version: '1.0',
    elements: { propertyName, previousValue: open(time), currentValue: open(time) },
  },
  IntegerPropertyChange: {
    urn: opr('event:integer_property_change'),
    version: '1.0',
    elements: { propertyName, previousValue: open(integer), currentValue: open(integer) },
  },
  LongPropertyChange: {
    urn: opr('event:long_property_change'),
    version: '1.0',
    elements: { propertyName, previousValue: open(long), currentValue: open(long) },
  },
  UserPropertyChange: {
    urn: opr('event:user_property_change'),
    version: '1.0',
    elements: {
      propertyName,
      previousUserId: open(text),
      previousUserName: text,
      previousUserDisplayLabel: text,
      currentUserId: open(text),
      /** The login name; the name for display is `currentUserDisplayLabel`. */
      currentUserName: text,
      currentUserDisplayLabel: text,
    },
  },
  GroupPropertyChange: {
    urn: opr('event:group_property_change'),
    version: '1.0',
    elements: {
      propertyName,
      previousGroupId: open(text),
      previousGroupName: text,
      currentGroupId: open(text),
      currentGroupName: text,
    },
  },
  AnnotationPropertyChange: {
    urn: opr('event:annotation_property_change'),
    version: '1.0',
    elements: {
      propertyName,
      annotationId: text,
      author: text,
      previousValue: open(text),
      currentValue: open(text),
      changeOperation,
    },
  },
  CustomAttributePropertyChange: {
    urn: opr('event:custom_attribute_property_change'),
    version: '1.0',
    elements: {
      propertyName,
      /** The attribute's name. */
      key: text,
      previousValue: open(text),
      currentValue: open(text),
      changeOperation,
    },
  },
  SymptomPropertyChange: {
    urn: opr('event:symptom_property_change'),
    version: '1.0',
    elements: {
      propertyName,
      symptomTitle: text,
      previousValue: open(text),
      /** The symptom's event id. */
      currentValue: open(text),
      changeOperation,
    },
  },
  CorrelationRulePropertyChange: {
    urn: opr('event:correlation_rule_property_change'),
    version: '1.0',
    elements: {
      propertyName,
      previousValue: open('CorrelationRuleReference', 'correlation_rule_type'),
      currentValue: open('CorrelationRuleReference', 'correlation_rule_type'),
    },
  },
  ControlTransferredToPropertyChange: {
    urn: opr('event:control_transferred_to_property_change'),
    version: '1.0',
    elements: {
      propertyName,
      previousValue: open('ControlTransferInfo', 'control_transfer_info_type'),
      currentValue: open('ControlTransferInfo', 'control_transfer_info_type'),
    },
  },
  ForwardingInfoPropertyChange: {
    urn: opr('event:forwarding_info_property_change'),
    version: '1.0',
    elements: {
      propertyName,
      previousValue: open('ForwardingInfo', 'forwarding_info_type'),
      currentValue: open('ForwardingInfo', 'forwarding_info_type'),
      /** The connected server that it is about. */
      server: text,
    },
  },
};

/** The elements that a document may consist of, and their types. */
export const ROOTS = {
  event: 'OprEvent',
  event_list: 'OprEventList',
  event_change: 'EventChange',
  event_change_list: 'EventChangeList',
  annotation: 'Annotation',
  annotation_list: 'AnnotationList',
  custom_attribute: 'CustomAttribute',
  custom_attribute_list: 'CustomAttributeList',
  history_line: 'HistoryLine',
  history_line_list: 'HistoryLineList',
} as const;
