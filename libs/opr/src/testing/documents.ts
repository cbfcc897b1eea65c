/** An event as OMi 10 forwards it: everything that it has. */
export const EVENT = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<event xmlns="http://www.hp.com/2009/software/opr/data_model" xmlns:xs="http://www.w3.org/2001/XMLSchema"
       self="https://obm.example.net/opr-web/rest/9.10/event_list/71b20a3e-14e1-71e7-19cb-8e6bb9240000"
       type="urn:x-hp:2009:software:data_model:opr:type:event" version="1.3" relationships_included="true">
  <id>71b20a3e-14e1-71e7-19cb-8e6bb9240000</id>
  <version>7</version>
  <sequence_number>48211</sequence_number>
  <title>File system /var is 97 % full</title>
  <description>Limit is 95 %.
Grew by 3 % in 10 minutes &amp; still grows.</description>
  <solution/>
  <drilldown_url>https://obm.example.net/opr-web/opr-evt-details.jsp?eventId=71b20a3e&amp;lang=de</drilldown_url>
  <state>open</state>
  <severity>major</severity>
  <priority>medium</priority>
  <category>Storage</category>
  <sub_category>File system</sub_category>
  <application>Linux</application>
  <object>/var</object>
  <type>Disk</type>
  <duplicate_count>4</duplicate_count>
  <received_on_ci_downtime>false</received_on_ci_downtime>
  <time_created>2025-02-03T04:05:06+01:00</time_created>
  <time_changed>2025-02-03T04:07:12.003+01:00</time_changed>
  <time_received>2025-02-03T04:05:09.871+01:00</time_received>
  <time_first_received>2025-02-03T04:05:09.871+01:00</time_first_received>
  <time_state_changed>2025-02-03T04:05:09.871+01:00</time_state_changed>
  <assigned_user><id>42</id><login_name>mueller</login_name><user_name>Jörg Müller</user_name></assigned_user>
  <assigned_group><id>00000000-0000-0000-ffff-ffffffffffff</id><name/></assigned_group>
  <auto_action type="urn:x-hp:2009:software:data_model:opr:type:event:action" version="1.0">
    <node type="urn:x-hp:2009:software:data_model:opr:type:node_info" version="1.0"><dns_name>db07.example.net</dns_name></node>
    <call>du -sh /var/*</call>
    <status>succeeded</status>
  </auto_action>
  <cause target_role="urn:x-hp:2009:software:data_model:opr:relationship:event:is_related_to:event"
         type="urn:x-hp:2009:software:data_model:opr:type:reference:event:event_ref" version="1.1">
    <target_id>0a1b2c3d-0000-4000-8000-0000000000aa</target_id>
    <title>Log rotation failed</title>
  </cause>
  <symptom_list type="urn:x-hp:2009:software:data_model:opr:type:event:symptom_list" version="1.0">
    <symptom type="urn:x-hp:2009:software:data_model:opr:type:reference:event:symptom" version="1.1">
      <target_id>0a1b2c3d-0000-4000-8000-0000000000bb</target_id>
      <title>Mail queue stalls</title>
    </symptom>
  </symptom_list>
  <custom_attribute_list>
    <custom_attribute><name>Customer</name><value>Initech</value></custom_attribute>
    <custom_attribute><name>Note</name><value>  two spaces  </value></custom_attribute>
  </custom_attribute_list>
  <annotation_list>
    <annotation>
      <id>c4f7b1b2-9a52-4f2e-8a60-3f3f2a4f8f01</id>
      <author>mueller</author>
      <time_created>2025-02-03T04:06:00Z</time_created>
      <text>Looking at it.</text>
    </annotation>
  </annotation_list>
  <related_ci_hints><hint>filesystem:/var@@db07.example.net</hint><hint>db07</hint></related_ci_hints>
  <related_ci target_role="urn:x-hp:2009:software:data_model:opr:relationship:event:related_ci:configuration_item">
    <target_id>0123456789abcdef0123456789abcdef</target_id>
    <configuration_item type="urn:x-hp:2009:software:data_model:type:configuration_item" version="1.2">
      <id>0123456789abcdef0123456789abcdef</id>
      <type>file_system</type>
      <name>/var</name>
      <part_of type="urn:x-hp:2009:software:data_model:opr:type:reference:configuration_item:related_ci" version="1.1">
        <target_id>fedcba9876543210fedcba9876543210</target_id>
      </part_of>
      <type_label>File system</type_label>
      <root_class>file_system</root_class>
      <disk_size>214748364800</disk_size>
    </configuration_item>
    <sub_component>inodes</sub_component>
  </related_ci>
  <node_hints>
    <hint>db07.example.net</hint>
    <node><dns_name>db07.example.net</dns_name><ip_address>198.51.100.7</ip_address><core_id>9e1f</core_id></node>
  </node_hints>
  <node_ref>
    <target_id>fedcba9876543210fedcba9876543210</target_id>
    <node type="urn:x-hp:2009:software:data_model:type:node" version="1.1">
      <id>fedcba9876543210fedcba9876543210</id><primary_dns_name>db07.example.net</primary_dns_name>
    </node>
  </node_ref>
  <ci_resolution_info><hint_count>3</hint_count><matched_hint_count>2</matched_hint_count><quality_metric>66</quality_metric></ci_resolution_info>
  <eti_hint>FileSystemUse:Major</eti_hint>
  <eti_value><name>Major</name><eti><name>FileSystemUse</name><display_label>Use</display_label></eti></eti_value>
  <key>db07:/var:major</key>
  <close_key_pattern><![CDATA[db07:/var:<*>]]></close_key_pattern>
  <match_info><policy_type>monitor</policy_type><policy_name>Linux_FS(2.1)</policy_name></match_info>
  <control_transferred>true</control_transferred>
  <control_transferred_to type="urn:x-hp:2009:software:data_model:opr:type:control_transfer_info" version="1.2">
    <name>desk</name><external_id>INC0010042</external_id><state>transferred</state><connection_port>8443</connection_port>
  </control_transferred_to>
  <forwarding_info_list type="urn:x-hp:2009:software:data_model:opr:type::forwarding_info_list" version="1.0">
    <forwarding_info type="urn:x-hp:2009:software:data_model:opr:type:forwarding_info" version="1.1">
      <dns_name>desk.example.net</dns_name>
      <name>desk</name>
      <external_id>INC0010042</external_id>
      <forwarding_type>synchronize_and_transfer_control</forwarding_type>
      <state>forwarded</state>
      <rule_name>__manual__</rule_name>
    </forwarding_info>
  </forwarding_info_list>
  <sourced_from>
    <name>omw</name><ia_management_port>383</ia_management_port><sent_via><name>relay</name></sent_via>
  </sourced_from>
  <log_only>0</log_only>
  <instruction_available>1</instruction_available>
  <affects_business_service_list>
    <affects_business_service>
      <target_id>00ff00ff00ff00ff00ff00ff00ff00ff</target_id>
      <business_criticality>5</business_criticality>
    </affects_business_service>
  </affects_business_service_list>
  <time_created_label>03.02.2025 04:05:06</time_created_label>
</event>
`;

/** Two events in bulk, written with a prefix. */
export const EVENT_LIST = `<opr:event_list xmlns:opr="http://www.hp.com/2009/software/opr/data_model" total_size="49" page_size="20" start_index="1"
    type="urn:x-hp:2009:software:data_model:opr:type:event_list" version="1.1">
  <opr:event><opr:id>a</opr:id><opr:sequence_number>1</opr:sequence_number><opr:title>First</opr:title></opr:event>
  <opr:event><opr:id>b</opr:id><opr:sequence_number>2</opr:sequence_number><opr:title>Second</opr:title></opr:event>
</opr:event_list>`;

/** A change with each of the fifteen kinds. */
export const EVENT_CHANGE = `<?xml version='1.0' encoding='utf-8'?>
<event_change xmlns="http://www.hp.com/2009/software/opr/data_model" xmlns:xsd="http://www.w3.org/2001/XMLSchema"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    type="urn:x-hp:2009:software:data_model:opr:type:event:event_change" version="1.2">
  <id>5b9d3a52-52a3-4fd1-a0b6-0d6f6d1b2c3d</id>
  <event_ref type="urn:x-hp:2009:software:data_model:opr:type:reference:event:event_ref" version="1.1">
    <target_id>INC0010042</target_id>
    <target_global_id>71b20a3e-14e1-71e7-19cb-8e6bb9240000</target_global_id>
    <target_type>urn:x-hp:2009:software:data_model:opr:type:event</target_type>
  </event_ref>
  <headline>Fifteen things at once</headline>
  <time_created>2025-02-03</time_created>
  <time_changed>2025-02-03T04:10:00.5+01:00</time_changed>
  <changed_properties>
    <string_property_change type="urn:x-hp:2009:software:data_model:opr:type:event:string_property_change" version="1.0">
      <property_name>title</property_name>
      <previous_value xsi:type="xsd:string">Old</previous_value><current_value xsi:type="xsd:string"> New </current_value>
    </string_property_change>
    <state_change><property_name>state</property_name>
      <previous_value xsi:type="xsd:string">open</previous_value><current_value xsi:type="xsd:string">in_progress</current_value>
    </state_change>
    <severity_property_change><property_name>severity</property_name>
      <previous_value xsi:type="severity_type">major</previous_value><current_value>critical</current_value>
    </severity_property_change>
    <priority_property_change><property_name>priority</property_name>
      <previous_value/><current_value xsi:type="xsd:string">highest</current_value>
    </priority_property_change>
    <time_property_change><property_name>time_received</property_name>
      <current_value xsi:type="xsd:dateTime">2025-02-03T04:05:09.871+01:00</current_value>
    </time_property_change>
    <integer_property_change><property_name>duplicate_count</property_name>
      <previous_value xsi:type="xsd:int">3</previous_value><current_value xsi:type="xsd:int">4</current_value>
    </integer_property_change>
    <long_property_change><property_name>duplicate_count</property_name>
      <current_value xsi:type="xsd:long">9007199254740991</current_value>
    </long_property_change>
    <user_property_change><property_name>assigned_user</property_name>
      <previous_user_id xsi:type="xsd:int">-1</previous_user_id><previous_user_name/>
      <current_user_id xsi:type="xsd:string">42</current_user_id><current_user_name>mueller</current_user_name>
      <current_user_display_label>Jörg Müller</current_user_display_label>
    </user_property_change>
    <group_property_change><property_name>assigned_group_name</property_name>
      <current_group_name>dba</current_group_name>
    </group_property_change>
    <annotation_property_change><property_name>annotation</property_name>
      <annotation_id>c4f7b1b2-9a52-4f2e-8a60-3f3f2a4f8f01</annotation_id><author>mueller</author>
      <current_value xsi:type="xsd:string">Looking at it.</current_value><change_operation>insert</change_operation>
    </annotation_property_change>
    <custom_attribute_property_change><property_name>custom_attribute</property_name>
      <key>Customer</key><previous_value xsi:type="xsd:string">Initech</previous_value>
      <change_operation>delete</change_operation>
    </custom_attribute_property_change>
    <symptom_property_change><property_name>symptom</property_name>
      <symptom_title>Mail queue stalls</symptom_title>
      <current_value xsi:type="xsd:string">0a1b2c3d-0000-4000-8000-0000000000bb</current_value>
      <change_operation>insert</change_operation>
    </symptom_property_change>
    <correlation_rule_property_change><property_name>correlation_rule</property_name>
      <current_value xsi:type="correlation_rule_type"><target_id>r1</target_id><name>Disk</name></current_value>
    </correlation_rule_property_change>
    <control_transferred_to_property_change><property_name>control_transferred_to</property_name>
      <current_value xsi:type="control_transfer_info_type"><name>desk</name><state>requested</state></current_value>
    </control_transferred_to_property_change>
    <forwarding_info_property_change><property_name>forwarding_info</property_name>
      <current_value xsi:type="forwarding_info_type"><name>desk</name><state>forwarded</state></current_value>
      <server>desk</server>
    </forwarding_info_property_change>
  </changed_properties>
  <modified_by>mueller</modified_by>
  <sequence_number>1201</sequence_number>
</event_change>`;

export const EVENT_CHANGE_LIST = `<event_change_list xmlns="http://www.hp.com/2009/software/opr/data_model">
  <event_change>
    <event_ref><target_id>a</target_id></event_ref>
    <changed_properties>
      <string_property_change><property_name>title</property_name><current_value>Disk replaced</current_value></string_property_change>
    </changed_properties>
  </event_change>
  <event_change><event_ref><target_id>b</target_id></event_ref><changed_properties/></event_change>
</event_change_list>`;

/** As small clients write it: no ids, no times, declarations on the elements that need them. */
export const MINIMAL_CHANGE = `<event_change xmlns="http://www.hp.com/2009/software/opr/data_model">
<event_ref><target_id>71b20a3e-14e1-71e7-19cb-8e6bb9240000</target_id></event_ref>
<changed_properties>
<annotation_property_change xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<property_name>annotation</property_name>
<current_value xsi:type="xs:string">[pager] closed by mueller</current_value>
<change_operation>insert</change_operation>
</annotation_property_change>
<state_change xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<property_name>state</property_name>
<current_value xsi:type="xs:string">closed</current_value>
</state_change>
<user_property_change><property_name>assigned_user</property_name><current_user_name>mueller</current_user_name></user_property_change>
</changed_properties>
</event_change>`;

export const DOCUMENTS = [EVENT, EVENT_LIST, EVENT_CHANGE, EVENT_CHANGE_LIST, MINIMAL_CHANGE];

/** An `event` element around a piece of XML. */
export const eventOf = (content: string, attributes = ''): string =>
  `<event xmlns="http://www.hp.com/2009/software/opr/data_model"${attributes}>${content}</event>`;

/** An `event_change` with one change around a piece of XML. */
export const changeOf = (kind: string, content: string): string =>
  '<event_change xmlns="http://www.hp.com/2009/software/opr/data_model" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">' +
  `<changed_properties><${kind}>${content}</${kind}></changed_properties></event_change>`;
