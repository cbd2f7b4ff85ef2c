"""A retailer made of hard cases: the rows on which two engines are most likely to disagree.

Month ends and 29 February, the hours around a change of the clock, dates that are missing, the largest and
smallest amounts that the contract allows, empty texts, accents and emoji, ties in every ordering that a model
uses, two versions of one row that nothing but their content orders.
"""

# ruff: noqa: E501 (rows of a file are one line each)

from __future__ import annotations

from pathlib import Path

PRODUCTS = '''\
sku,product_name,family_code,brand,power_source,weight_kg,unit_landed_cost_eur,list_price_incl_vat_eur,has_french_manual,wear_part_codes
T-1,"Tondeuse « Été » 46 cm 🌱",mower,Ébène,petrol_4t,31.5,350,600,true,W01
T-2,"Scie, dite ""l’Ægir""",chainsaw,,petrol_2t,,0.0001,999999.9999,false,
T-3,,mower,Ébène,battery,0,,,,W01|W02
'''

SERVICE_CENTERS = """\
service_center_id,name,postal_code,country_code,latitude,longitude,family_codes,is_warranty_authorised,labour_rate_eur_per_hour,valid_from,valid_to
C-1,"Atelier du Coût-Élevé",49000,FR,47.47,-0.55,mower|chainsaw,true,62.5,2019-01-01,
C-2,Werkstatt Süd,80331,DE,48.14,11.58,,false,0,2020-02-29,2024-02-29
"""

_ORDER_COLUMNS = (
    "order_id,line_number,contract_at,paid_at,payment_method,customer_id,customer_type,country_code,postal_code,sku,"
    "quantity,unit_price_eur,unit_landed_cost_eur,item_condition,shipped_at,delivered_at,cancelled_at,serial_numbers,"
    "lot_code,updated_at"
)

ORDERS = f"""{_ORDER_COLUMNS}
O-1,1,2024-02-29T23:59:59,2024-02-29T23:59:59,paypal,K1,consumer,FR,49000,T-1,3,500.00,350,new,2024-02-29,2024-02-29,,S1|S2|S3,L-1,2024-03-01T00:00:00
O-1,2,2024-02-29T23:59:59,,card,K1,consumer,FR,49000,T-1,1,0,,used,2024-02-29,2024-03-31T01:30:00Z,,,,
O-2,1,2024-01-31T00:00:00,2024-08-31,paypal,K2,professional,FR,,T-2,1,999999.9999,0.0001,new,2024-01-31,,,,L-1,
O-2,2,2024-01-31T00:00:00,,transfer,K2,unknown,DE,80331,T-3,2,0.005,,refurbished,2024-02-01,2024-02-02,,,,
O-3,1,2016-03-17T22:59:59Z,,other,,consumer,FR,49000,T-1,1,500,350,new,2016-03-17,2016-03-18,,,,
O-3,2,2016-03-17T23:00:00Z,,other,,consumer,FR,49000,T-1,1,500,350,new,2016-03-18,2016-03-19,,,,
O-4,1,2021-12-31T22:30:00Z,,card,K3,consumer,FR,49000,T-1,1,500,350,new,2022-01-02,2022-01-31,,S4,L-2,
O-4,2,2021-12-31T23:30:00Z,,card,K3,consumer,FR,49000,T-1,1,500,350,new,2022-01-02,2022-08-31,,S5,L-2,
O-5,1,2023-10-29T00:30:00Z,,card,K3,consumer,FR,49000,T-1,2,500,350,new,2023-10-29T01:30:00Z,2023-10-29T22:59:59Z,,,L-2,
O-5,2,2023-10-29T00:30:00Z,,card,K3,consumer,FR,49000,T-1,1,500,350,new,,,2023-10-30,,,
O-6,1,2024-05-01,,card,K4,,,,NO-SUCH-SKU,1,1,,,,2024-05-02,,,,
O-7,1,2024-06-05T10:00:00,2024-06-05T10:00:00,paypal,K5,consumer,FR,49100,T-1,1,500,350,new,2024-06-08,2024-06-10,,S7,L-1,2024-06-11T00:00:00
O-8,1,2024-06-05T10:00:00,2024-06-05T10:00:00,paypal,K5,consumer,FR,49100,T-1,1,500,350,new,2024-06-08,2024-06-10,,S8,L-1,2024-06-11T00:00:00
"""

ORDERS_AGAIN = f"""{_ORDER_COLUMNS}
O-2,1,2024-01-31T00:00:00,2024-08-31,paypal,K2,professional,FR,,T-2,1,999999.9998,0.0001,new,2024-01-31,,,,L-1,
O-7,1,2024-06-05T10:00:00,2024-06-05T10:00:00,paypal,K5,consumer,FR,49100,T-1,1,501,350,new,2024-06-08,2024-06-10,,S7,L-1,2024-06-11T00:00:00
O-8,1,2024-06-05T10:00:00,2024-06-05T10:00:00,paypal,K5,consumer,FR,49100,T-1,1,502,350,new,2024-06-08,2024-06-10,,S8,L-1,2024-06-12T00:00:00
"""

TICKETS = '''\
ticket_id,customer_id,order_id,line_number,sku,serial_number,quantity,channel,requested_at,closed_at,category,description,defect_appeared_on,is_unused,engine_hours,requested_remedy,paypal_case_opened_at,paypal_case_closed_at,paypal_case_outcome,resolution,replacement_shipped_at,replacement_delivered_at,refunded_at,refunded_amount_eur
A-1,K1,O-1,1,,S1,,portal,2024-03-10T23:30:00Z,2024-04-01,breakdown,"Ne démarre plus 😡, ""sans étincelle""",2024-02-29,false,2,repair,,,,repaired,,,,
A-2,K1,O-1,1,,S1,,phone,2024-05-01,2024-05-20,breakdown,,2024-05-01,,,repair,,,,repaired,,,,
A-3,K1,O-1,1,,,2,email,2024-05-01,2024-05-01,start_up,,,true,0,replacement,,,,replaced,2024-05-03,2024-05-06,,
A-4,K1,,,T-1,,,email,2024-02-29T22:59:59Z,,breakdown,,,,,unstated,,,,,,,,
A-5,K1,,,T-1,,,email,2026-02-28T22:59:59Z,2026-03-31,breakdown,,2026-02-28,,,unstated,,,,rejected_out_of_warranty,,,,
A-6,K5,,,T-1,,,chat,2024-07-01,,breakdown,,2024-06-30,,,repair,2024-07-01,,,suspended_paypal,,,,
A-7,K3,O-4,1,T-1,S4,,portal,2024-01-31,2024-02-29,breakdown,,2024-01-31,,,repair,,,,rejected_misuse,,,,
A-8,K3,O-4,2,T-1,S5,,portal,2024-01-31,2024-02-29,breakdown,,2024-01-31,,,repair,,,,repaired,,,,
A-9,,NO-SUCH-ORDER,1,T-2,,,other,2024-03-31T00:59:59Z,2024-03-31T01:00:00Z,other,,,,,,,,,info_required,,,,
A-10,K2,O-2,2,,,1,marketplace,2024-02-10,2024-02-12,withdrawal,,,,,refund,,,,withdrawn,,,2024-02-12,0.01
A-11,K2,O-2,2,,,5,portal,2025-12-31T23:30:00Z,2026-01-31,breakdown,,2025-12-31,,,refund,,,,refunded,,,2026-01-31,999999.9999
A-12,K3,O-5,1,,,,portal,2023-11-30,2024-11-30,missing_part,,2023-11-29,,,part,2024-01-01,2023-12-31,partial_refund,spare_part_shipped,,,,
'''

REPAIRS = """\
repair_id,ticket_id,sku,family_code,serial_number,service_center_id,received_at,diagnosed_at,quoted_at,quote_accepted_at,repaired_at,returned_at,fault_code,evidence_grade,is_repairable,labour_minutes,labour_rate_eur_per_hour,parts_cost_eur,diagnosis_cost_eur,inbound_cost_eur,outbound_cost_eur,quoted_total_eur,coverage,customer_charge_eur,outcome,technician_notes
R-1,A-1,,,,C-1,2024-03-12,2024-03-13,2024-03-13,2024-03-14,2024-03-20,2024-03-31T22:30:00Z,D02,,true,61,62.5,33.335,15,35,35,90,covered,0,repaired,"bobine hors-service — remplacée"
R-2,A-2,,,S1,C-1,2024-05-02,2024-05-03,,,2024-05-10,2024-05-12,D02,,true,1,0.01,0.005,,,,,covered,,repaired,
R-3,A-7,,,S4,C-1,2024-02-05,2024-02-06,,,,2024-02-20,M01,A,false,,,,15,35,35,,not_covered,0,returned_unrepaired,"bielle coulée, photo"
R-4,A-8,,,S5,C-2,2024-02-05,2024-02-06,2024-02-06,2024-02-07,2024-02-10,2024-02-09,D01,,true,4800,1000,1000000,1000000,1000000,1000000,1000000,covered,1000000,repaired,
R-5,,,mower,S2,C-2,2024-02-29,,,,,,,,,,,,,,,,,,,
R-6,,,chainsaw,,,2024-03-31T01:30:00Z,2024-03-31,,,,,N01,C,,,,,,,,,goodwill,,,
R-7,A-3,,,,C-1,2024-05-02,2024-05-02,2024-05-02,,,,D05,,false,,,,,35,,499.995,covered,,scrapped,
"""

# A real export's form: two equal lines, a credit note, a line without a price, a service code, a write-off, a bad debt.
ONLINE_RETAIL = """\
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6.0,2010-12-01 08:26:00,2.55,17850.0,United Kingdom
536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6.0,2010-12-01 08:26:00,2.55,17850.0,United Kingdom
C536379,85123A,WHITE HANGING HEART T-LIGHT HOLDER,-1.0,2010-12-01 09:41:00,2.55,17850.0,United Kingdom
536414,22139,,56.0,2010-12-01 11:52:00,0.0,,United Kingdom
536370,POST,POSTAGE,3.0,2010-12-01 08:45:00,18.0,12583.0,France
536589,21777,,-10.0,2010-12-01 16:50:00,0.001,,Unspecified
A563185,B,Adjust bad debt,1.0,2011-08-12 14:50:00,11062.06,,United Kingdom
"""

FILES = {
    "products": [PRODUCTS],
    "service_centers": [SERVICE_CENTERS],
    "orders": [ORDERS, ORDERS_AGAIN],
    "tickets": [TICKETS],
    "repairs": [REPAIRS],
    "online_retail": [ONLINE_RETAIL],
}


def put_into(inbox: Path, sources: list[str] | None = None) -> None:
    """Write the hard rows of some sources (default: all) as files into an inbox."""
    for source in sources or FILES:
        (inbox / source).mkdir(parents=True, exist_ok=True)
        for number, text in enumerate(FILES[source], start=1):
            (inbox / source / f"hard_rows_{number}.csv").write_text(text, encoding="utf-8")
