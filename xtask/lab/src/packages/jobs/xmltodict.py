import xmltodict


def there_and_back(given='<a x="1"><b>1</b><b>2</b><c/>text<d><![CDATA[<&>]]></d></a>'):
    """Makes a dictionary of XML, and XML of it."""
    read = xmltodict.parse(given)
    return [read, xmltodict.unparse(read, pretty=True), xmltodict.parse(given, force_list=("d",))]
