{{ config(materialized='view') }}

select * from {{ ref('stg_feeds__service_centers') }}
