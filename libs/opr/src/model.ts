import type { AttributeValuesOf, ValuesOf } from './element';
import type { ROOTS, TABLE } from './table';

type Table = typeof TABLE;

/**
 * The elements of a type by the names that the wire gives them, in camel case: `sub_category` is `subCategory`. All are
 * optional. Lists mirror the XML: `event.annotationList?.annotation?.[0]`.
 */
type Elements<N extends keyof Table> = ValuesOf<Table[N]['elements']>;

/** What an object has beside its elements. The `$` keeps these apart from elements, none of which can have it. */
interface Beside<N extends keyof Table> {
  /** The attributes that the model names. */
  $attributes?: AttributeValuesOf<Table[N]> & Marks;
  /** What the model does not know, kept and written back after the known elements. */
  $extra?: Extra;
}

/** How a type was marked, where that is not how this version of the model marks it. */
export interface Marks {
  /** A URN. */
  type?: string;
  /** Of the model, for example `1.3`. */
  version?: string;
}

/**
 * Attributes, elements and text that the model does not know: later products add some, and a configuration item carries its
 * CMDB attributes (`discovered_os_name`) in this way.
 */
export interface Extra {
  attributes?: ExtraAttribute[];
  /** In document order. White space between elements is dropped. */
  content?: (string | ExtraElement)[];
}

export interface ExtraElement extends Extra {
  /** Without prefix. */
  name: string;
  /** Absent: the namespace of the data model. Empty: none. */
  namespace?: string;
}

export interface ExtraAttribute {
  /** Without prefix. */
  name: string;
  /** Absent: none. */
  namespace?: string;
  value: string;
}

/** An event. OMi Extensibility Guide, "Event Web Service"; OPR data model, type `event` 1.3. */
export interface OprEvent extends Elements<'OprEvent'>, Beside<'OprEvent'> {}

/** Events in bulk, or a page of the answer to a query. */
export interface OprEventList extends Elements<'OprEventList'>, Beside<'OprEventList'> {}

/**
 * What changed in one event: the difference only, never enough to rebuild the event. The order of `changedProperties`
 * carries no meaning. OMi Extensibility Guide, "Forward events and event changes".
 */
export interface EventChange extends Elements<'EventChange'>, Beside<'EventChange'>, ChangedPropertiesExtra {}

export interface EventChangeList extends Elements<'EventChangeList'>, Beside<'EventChangeList'> {}

/** One entry of an event's history: a change without sequence number. */
export interface HistoryLine extends Elements<'HistoryLine'>, Beside<'HistoryLine'>, ChangedPropertiesExtra {}

export interface HistoryLineList extends Elements<'HistoryLineList'>, Beside<'HistoryLineList'> {}
export interface HistoryLineListReference
  extends Elements<'HistoryLineListReference'>, Beside<'HistoryLineListReference'> {}

interface ChangedPropertiesExtra {
  /** What stood in `changed_properties` beside the fifteen kinds of change. */
  $changedProperties?: Extra;
}

export interface Annotation extends Elements<'Annotation'>, Beside<'Annotation'> {}
export interface AnnotationList extends Elements<'AnnotationList'>, Beside<'AnnotationList'> {}
export interface CustomAttribute extends Elements<'CustomAttribute'>, Beside<'CustomAttribute'> {}
export interface CustomAttributeList extends Elements<'CustomAttributeList'>, Beside<'CustomAttributeList'> {}

/** Names an event. `targetId` is the id by which the receiver knows it. */
export interface EventReference extends Elements<'EventReference'>, Beside<'EventReference'> {}
export interface Symptom extends Elements<'Symptom'>, Beside<'Symptom'> {}
export interface SymptomList extends Elements<'SymptomList'>, Beside<'SymptomList'> {}

export interface OprUser extends Elements<'OprUser'>, Beside<'OprUser'> {}
export interface OprGroup extends Elements<'OprGroup'>, Beside<'OprGroup'> {}
export interface OprAction extends Elements<'OprAction'>, Beside<'OprAction'> {}

/** How an event stands with one connected server. OMi Extensibility Guide, "Submit events": own entry of the submitter. */
export interface ForwardingInfo extends Elements<'ForwardingInfo'>, Beside<'ForwardingInfo'> {}
export interface ForwardingInfoList extends Elements<'ForwardingInfoList'>, Beside<'ForwardingInfoList'> {}

/** Who has, or is asked to take, control of an event. */
export interface ControlTransferInfo extends Elements<'ControlTransferInfo'>, Beside<'ControlTransferInfo'> {}

/** Who sent an event in. */
export interface SourceInfo extends Elements<'SourceInfo'>, Beside<'SourceInfo'> {}

/** The policy and condition that made the event. */
export interface MatchInfo extends Elements<'MatchInfo'>, Beside<'MatchInfo'> {}
export interface CiResolutionInfo extends Elements<'CiResolutionInfo'>, Beside<'CiResolutionInfo'> {}
export interface RelatedCiHints extends Elements<'RelatedCiHints'>, Beside<'RelatedCiHints'> {}
export interface SourceCiHints extends Elements<'SourceCiHints'>, Beside<'SourceCiHints'> {}
export interface NodeHints extends Elements<'NodeHints'>, Beside<'NodeHints'> {}
export interface NodeInfo extends Elements<'NodeInfo'>, Beside<'NodeInfo'> {}

/** Names a configuration item and, if asked for, carries it. */
export interface RelatedCi extends Elements<'RelatedCi'>, Beside<'RelatedCi'> {}
export interface NodeReference extends Elements<'NodeReference'>, Beside<'NodeReference'> {}

/** A configuration item. Its CMDB attributes are in `$extra`. */
export interface ConfigurationItem extends Elements<'ConfigurationItem'>, Beside<'ConfigurationItem'> {}

/** A configuration item that is a node. Its CMDB attributes are in `$extra`. */
export interface OprNode extends Elements<'OprNode'>, Beside<'OprNode'> {}

/** A business service that the event affects. Its `business_criticality` is in `$extra`. */
export interface AffectsBusinessService extends Elements<'AffectsBusinessService'>, Beside<'AffectsBusinessService'> {}
export interface AffectsBusinessServiceList
  extends Elements<'AffectsBusinessServiceList'>, Beside<'AffectsBusinessServiceList'> {}

/** An event type indicator. */
export interface EtiReference extends Elements<'EtiReference'>, Beside<'EtiReference'> {}
export interface EtiValueReference extends Elements<'EtiValueReference'>, Beside<'EtiValueReference'> {}
export interface CorrelationRuleReference
  extends Elements<'CorrelationRuleReference'>, Beside<'CorrelationRuleReference'> {}

interface Change<N extends keyof Table, Kind extends string> extends Beside<N> {
  /** The name of its element. */
  kind: Kind;
}

export interface StringPropertyChange
  extends Elements<'StringPropertyChange'>, Change<'StringPropertyChange', 'string_property_change'> {}
export interface StateChange extends Elements<'StateChange'>, Change<'StateChange', 'state_change'> {}
export interface SeverityPropertyChange
  extends Elements<'SeverityPropertyChange'>, Change<'SeverityPropertyChange', 'severity_property_change'> {}
export interface PriorityPropertyChange
  extends Elements<'PriorityPropertyChange'>, Change<'PriorityPropertyChange', 'priority_property_change'> {}
export interface TimePropertyChange
  extends Elements<'TimePropertyChange'>, Change<'TimePropertyChange', 'time_property_change'> {}
export interface IntegerPropertyChange
  extends Elements<'IntegerPropertyChange'>, Change<'IntegerPropertyChange', 'integer_property_change'> {}
export interface LongPropertyChange
  extends Elements<'LongPropertyChange'>, Change<'LongPropertyChange', 'long_property_change'> {}
export interface UserPropertyChange
  extends Elements<'UserPropertyChange'>, Change<'UserPropertyChange', 'user_property_change'> {}
export interface GroupPropertyChange
  extends Elements<'GroupPropertyChange'>, Change<'GroupPropertyChange', 'group_property_change'> {}
export interface AnnotationPropertyChange
  extends Elements<'AnnotationPropertyChange'>, Change<'AnnotationPropertyChange', 'annotation_property_change'> {}
export interface CustomAttributePropertyChange
  extends
    Elements<'CustomAttributePropertyChange'>,
    Change<'CustomAttributePropertyChange', 'custom_attribute_property_change'> {}
export interface SymptomPropertyChange
  extends Elements<'SymptomPropertyChange'>, Change<'SymptomPropertyChange', 'symptom_property_change'> {}
export interface CorrelationRulePropertyChange
  extends
    Elements<'CorrelationRulePropertyChange'>,
    Change<'CorrelationRulePropertyChange', 'correlation_rule_property_change'> {}
export interface ControlTransferredToPropertyChange
  extends
    Elements<'ControlTransferredToPropertyChange'>,
    Change<'ControlTransferredToPropertyChange', 'control_transferred_to_property_change'> {}
export interface ForwardingInfoPropertyChange
  extends
    Elements<'ForwardingInfoPropertyChange'>,
    Change<'ForwardingInfoPropertyChange', 'forwarding_info_property_change'> {}

/** One changed property; `kind` is the name of its element and says of what type the values are. */
export type PropertyChange =
  | StringPropertyChange
  | StateChange
  | SeverityPropertyChange
  | PriorityPropertyChange
  | TimePropertyChange
  | IntegerPropertyChange
  | LongPropertyChange
  | UserPropertyChange
  | GroupPropertyChange
  | AnnotationPropertyChange
  | CustomAttributePropertyChange
  | SymptomPropertyChange
  | CorrelationRulePropertyChange
  | ControlTransferredToPropertyChange
  | ForwardingInfoPropertyChange;

export type PropertyChangeKind = PropertyChange['kind'];

/** The types of the table by name, which is how one entry of the table refers to another. */
export interface Model {
  OprEvent: OprEvent;
  OprEventList: OprEventList;
  EventChange: EventChange;
  EventChangeList: EventChangeList;
  HistoryLine: HistoryLine;
  HistoryLineList: HistoryLineList;
  HistoryLineListReference: HistoryLineListReference;
  Annotation: Annotation;
  AnnotationList: AnnotationList;
  CustomAttribute: CustomAttribute;
  CustomAttributeList: CustomAttributeList;
  EventReference: EventReference;
  Symptom: Symptom;
  SymptomList: SymptomList;
  OprUser: OprUser;
  OprGroup: OprGroup;
  OprAction: OprAction;
  ForwardingInfo: ForwardingInfo;
  ForwardingInfoList: ForwardingInfoList;
  ControlTransferInfo: ControlTransferInfo;
  SourceInfo: SourceInfo;
  MatchInfo: MatchInfo;
  CiResolutionInfo: CiResolutionInfo;
  RelatedCiHints: RelatedCiHints;
  SourceCiHints: SourceCiHints;
  NodeHints: NodeHints;
  NodeInfo: NodeInfo;
  RelatedCi: RelatedCi;
  NodeReference: NodeReference;
  ConfigurationItem: ConfigurationItem;
  OprNode: OprNode;
  AffectsBusinessService: AffectsBusinessService;
  AffectsBusinessServiceList: AffectsBusinessServiceList;
  EtiReference: EtiReference;
  EtiValueReference: EtiValueReference;
  CorrelationRuleReference: CorrelationRuleReference;
  StringPropertyChange: StringPropertyChange;
  StateChange: StateChange;
  SeverityPropertyChange: SeverityPropertyChange;
  PriorityPropertyChange: PriorityPropertyChange;
  TimePropertyChange: TimePropertyChange;
  IntegerPropertyChange: IntegerPropertyChange;
  LongPropertyChange: LongPropertyChange;
  UserPropertyChange: UserPropertyChange;
  GroupPropertyChange: GroupPropertyChange;
  AnnotationPropertyChange: AnnotationPropertyChange;
  CustomAttributePropertyChange: CustomAttributePropertyChange;
  SymptomPropertyChange: SymptomPropertyChange;
  CorrelationRulePropertyChange: CorrelationRulePropertyChange;
  ControlTransferredToPropertyChange: ControlTransferredToPropertyChange;
  ForwardingInfoPropertyChange: ForwardingInfoPropertyChange;
}

/** A whole document: the name of its root element, and its value. */
export type OprDocument = {
  [R in keyof typeof ROOTS]: { root: R; value: Model[(typeof ROOTS)[R]] };
}[keyof typeof ROOTS];
