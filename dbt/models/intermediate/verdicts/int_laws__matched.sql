{{ rules_matched_once(ref('int_claims__conditions'), ref('legal_rules'), 'regime', 'legal_rule_id', law_conditions()) }}
