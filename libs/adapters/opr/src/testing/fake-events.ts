import type { EventChange, OprEvent, PropertyChange } from '@opr-connect/opr';

/** The events that a fake party holds, as it would show them: changes are applied to copies. */
export class FakeEvents {
  private readonly events = new Map<string, OprEvent>();
  private readonly seenChanges = new Set<string>();

  get(id: string): OprEvent | undefined {
    return this.events.get(id);
  }

  /** Takes an event over, once. */
  put(id: string, event: OprEvent): void {
    if (!this.events.has(id)) this.events.set(id, event);
  }

  remove(id: string): void {
    this.events.delete(id);
  }

  /** Applies a change once, known by its id. Says whether it was new. */
  apply(id: string, change: EventChange): boolean {
    const event = this.events.get(id);
    if (!event || (change.id && this.seenChanges.has(change.id))) return false;
    if (change.id) this.seenChanges.add(change.id);
    this.events.set(id, (change.changedProperties ?? []).reduce(withProperty, event));
    return true;
  }
}

/** As much of a change as specs and demos look at: texts, category, state, severity, priority, assignments, added annotations, custom attributes. */
function withProperty(event: OprEvent, change: PropertyChange): OprEvent {
  switch (change.kind) {
    case 'state_change':
      return { ...event, state: change.currentValue };
    case 'severity_property_change':
      return { ...event, severity: change.currentValue };
    case 'priority_property_change':
      return { ...event, priority: change.currentValue };
    case 'string_property_change':
      switch (change.propertyName) {
        case 'title':
          return { ...event, title: change.currentValue };
        case 'description':
          return { ...event, description: change.currentValue };
        case 'solution':
          return { ...event, solution: change.currentValue };
        case 'category':
          return { ...event, category: change.currentValue };
        default:
          return event;
      }
    case 'user_property_change': {
      const { currentUserId: id, currentUserName: loginName, currentUserDisplayLabel: userName } = change;
      return { ...event, assignedUser: { id, loginName, userName } };
    }
    case 'group_property_change': {
      const { currentGroupId: id, currentGroupName: name } = change;
      return { ...event, assignedGroup: { id, name } };
    }
    case 'annotation_property_change': {
      const { annotationId: id, author, currentValue: text } = change;
      const annotation = [...(event.annotationList?.annotation ?? []), { id, author, text }];
      return { ...event, annotationList: { ...event.annotationList, annotation } };
    }
    case 'custom_attribute_property_change': {
      const { key: name, currentValue: value, changeOperation } = change;
      const others = (event.customAttributeList?.customAttribute ?? []).filter((attribute) => attribute.name !== name);
      const customAttribute = changeOperation === 'delete' ? others : [...others, { name, value }];
      return { ...event, customAttributeList: { ...event.customAttributeList, customAttribute } };
    }
    default:
      return event;
  }
}
