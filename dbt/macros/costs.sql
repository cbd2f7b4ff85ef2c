{#
  Purpose: the parts of a case's cost in fct_claim_costs: each component with its kind, the group that pages show it under, and
    the columns of int_claims__paid with its amount and the share of it that rests on rates ('' = not told apart).
    paid − recovered is the net cost; leaked is what the policy would not have spent, overcharged what it should not have taken.
  Parameters: none.
  Usage: {% for component in claim_components() %} … {% endfor %}
#}
{% macro claim_components() -%}
    {{ return([
        {'component': 'repairs', 'kind': 'paid', 'group': 'repairs', 'amount': 'repairs_cost_eur', 'assumed': 'repairs_assumed_eur'},
        {'component': 'new_units', 'kind': 'paid', 'group': 'new_units', 'amount': 'new_units_eur', 'assumed': 'new_units_assumed_eur'},
        {'component': 'new_units_freight', 'kind': 'paid', 'group': 'new_units', 'amount': 'new_units_freight_eur',
            'assumed': 'new_units_freight_eur'},
        {'component': 'refund', 'kind': 'paid', 'group': 'refunds', 'amount': 'refund_eur', 'assumed': 'refund_assumed_eur'},
        {'component': 'part', 'kind': 'paid', 'group': 'parts', 'amount': 'part_eur', 'assumed': 'part_eur'},
        {'component': 'part_freight', 'kind': 'paid', 'group': 'parts', 'amount': 'part_freight_eur', 'assumed': 'part_freight_eur'},
        {'component': 'return_freight', 'kind': 'paid', 'group': 'freight', 'amount': 'return_freight_eur',
            'assumed': 'return_freight_eur'},
        {'component': 'handling', 'kind': 'paid', 'group': 'freight', 'amount': 'handling_eur', 'assumed': 'handling_eur'},
        {'component': 'customer_charge', 'kind': 'recovered', 'group': 'recovered', 'amount': 'customer_charge_eur', 'assumed': '0'},
        {'component': 'resale_proceeds', 'kind': 'recovered', 'group': 'recovered', 'amount': 'resale_proceeds_eur', 'assumed': '0'},
        {'component': 'uncovered_unbilled', 'kind': 'leaked', 'group': 'unbilled', 'amount': 'uncovered_unbilled_eur', 'assumed': ''},
        {'component': 'goodwill', 'kind': 'leaked', 'group': 'goodwill', 'amount': 'goodwill_eur', 'assumed': ''},
        {'component': 'paypal_return_freight', 'kind': 'leaked', 'group': 'paypal', 'amount': 'paypal_return_freight_eur',
            'assumed': ''},
        {'component': 'covered_billed', 'kind': 'overcharged', 'group': 'billed', 'amount': 'covered_billed_eur', 'assumed': ''},
    ]) }}
{%- endmacro %}
