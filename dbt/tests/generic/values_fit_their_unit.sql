{# A flag is true or false, a count of days or months is a whole number, a measure is a number. The row is named, instead of a
   cast failing somewhere later. #}
{% test values_fit_their_unit(model, key) %}
    select {{ key }} as row_name, parameter, value, unit
    from {{ model }}
    where
        (unit = 'flag' and value not in ('true', 'false'))
        or (unit in ('days', 'months', 'years') and not ({{ is_written_as('value', '^[0-9]{1,4}$') }}))
        or (unit in ('hours', 'km', 'ratio', 'EUR') and not ({{ is_written_as('value', '^[0-9]{1,9}([.][0-9]{1,6})?$') }}))
{% endtest %}
