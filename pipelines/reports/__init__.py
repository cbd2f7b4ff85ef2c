"""What a defect report says and how it looks: one list of blocks, rendered as PDF, mail and workbook.

Belongs here: order, words and forms. Does not belong here: any figure (they are the query layer's, the same
that the pages show), to whom a report goes (`pipelines.delivery`).
"""
