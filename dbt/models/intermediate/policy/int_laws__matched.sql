{{ rules_matched_once(ref('legal_rules'), 'regime', 'legal_rule_id', law_conditions()) }}
