{#- With every policy version: a replay only has to choose one. -#}
{{ rules_matched_once(ref('int_claims__conditions'), ref('policy_rules'), 'policy_version', 'policy_rule_id', policy_conditions()) }}
