"""boto3, unmodified, against the embedded SQS, SNS, EventBridge and Scheduler; and SQS's older Query protocol.

usage: events_boto.py AMPUP

Everything happens in a temporary folder.
"""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

import local_cloud

AMPUP = sys.argv[1]


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return
    raise AssertionError(f"{code} was expected")


def queues(sqs):
    url = sqs.create_queue(QueueName="jobs", Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="one", MessageAttributes={"a": {"DataType": "String", "StringValue": "b"}})
    got = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], AttributeNames=["All"])["Messages"][0]
    assert got["Body"] == "one" and got["MessageAttributes"]["a"]["StringValue"] == "b", got
    again = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"][0]
    assert again["MessageId"] == got["MessageId"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    sent = sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "x"}, {"Id": "b", "MessageBody": "y"}])
    assert [one["Id"] for one in sent["Successful"]] == ["a", "b"]
    refused("AWS.SimpleQueueService.NonExistentQueue", sqs.get_queue_url, QueueName="none")
    try:
        sqs.get_queue_url(QueueName="none")
    except sqs.exceptions.QueueDoesNotExist:
        pass
    refused("QueueAlreadyExists", sqs.create_queue, QueueName="jobs", Attributes={"VisibilityTimeout": "9"})
    refused("InvalidAttributeName", sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["Colour"])
    return url


def older_protocol(url):
    """What clients before 2023 send: forms to the address of the queue, XML back."""

    def post(fields):
        body = urllib.parse.urlencode({"Version": "2012-11-05", **fields})
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        request = AWSRequest("POST", url, data=body, headers=headers)
        SigV4Auth(Credentials("test", "test"), "sqs", "us-east-1").add_auth(request)
        sent = urllib.request.Request(url, data=body.encode(), headers=dict(request.headers), method="POST")
        try:
            with urllib.request.urlopen(sent) as answer:
                return ElementTree.fromstring(answer.read())
        except urllib.error.HTTPError as error:
            return ElementTree.fromstring(error.read())

    space = "{http://queue.amazonaws.com/doc/2012-11-05/}"
    post({"Action": "PurgeQueue"})
    sent = post({"Action": "SendMessage", "MessageBody": "old & <new>", "MessageAttribute.1.Name": "n",
                 "MessageAttribute.1.Value.DataType": "Number", "MessageAttribute.1.Value.StringValue": "1"})
    got = post({"Action": "ReceiveMessage", "AttributeName.1": "All", "MessageAttributeName.1": "All"})
    message = got.find(f"{space}ReceiveMessageResult/{space}Message")
    assert message.findtext(f"{space}Body") == "old & <new>"
    sent_sum = sent.findtext(f"{space}SendMessageResult/{space}MD5OfMessageAttributes")
    assert message.findtext(f"{space}MD5OfMessageAttributes") == sent_sum
    assert message.findtext(f"{space}MessageAttribute/{space}Value/{space}StringValue") == "1"
    error = post({"Action": "SendMessage"})
    assert error.findtext(f"{space}Error/{space}Code") == "MissingParameter", ElementTree.tostring(error)


def topics_and_rules(sqs, sns, events, scheduler):
    arn = "arn:aws:sqs:us-east-1:000000000000:inbox"
    statement = {"Effect": "Allow", "Principal": {"Service": ["sns.amazonaws.com", "events.amazonaws.com"]},
                 "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    inbox = sqs.create_queue(QueueName="inbox", Attributes={"Policy": policy})["QueueUrl"]

    def body():
        message = sqs.receive_message(QueueUrl=inbox, WaitTimeSeconds=10)["Messages"][0]
        sqs.delete_message(QueueUrl=inbox, ReceiptHandle=message["ReceiptHandle"])
        return json.loads(message["Body"])

    topic = sns.create_topic(Name="news", Attributes={"DisplayName": "News"})["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    numbers = {"n": {"DataType": "Number", "StringValue": "5"}}
    sns.publish(TopicArn=topic, Message="hello", Subject="s", MessageAttributes=numbers)
    got = body()
    assert (got["Message"], got["Subject"], got["MessageAttributes"]["n"]["Value"]) == ("hello", "s", "5"), got
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"] == "News"
    assert len(sns.list_subscriptions()["Subscriptions"]) == 1
    refused("InvalidParameter", sns.publish, TopicArn=topic, Message="")
    refused("NotFound", sns.publish, TopicArn=topic + "x", Message="m")

    events.put_rule(Name="all", EventPattern=json.dumps({"source": ["shop"]}))
    events.put_targets(Rule="all", Targets=[{"Id": "q", "Arn": arn}])
    put = events.put_events(Entries=[{"Source": "shop", "DetailType": "t", "Detail": json.dumps({"a": 1})}])
    got = body()
    assert (got["id"], got["detail"]) == (put["Entries"][0]["EventId"], {"a": 1}), got
    assert [rule["Name"] for rule in events.list_rules()["Rules"]] == ["all"]
    refused("ResourceNotFoundException", events.describe_rule, Name="none")
    assert [group["Name"] for group in scheduler.list_schedule_groups()["ScheduleGroups"]] == ["default"]
    refused("ResourceNotFoundException", scheduler.get_schedule, Name="none")


def uploads(client):
    """A bucket tells a queue, a topic and a rule."""
    sqs, s3, sns, events = client("sqs"), client("s3"), client("sns"), client("events")

    def queue(name):
        arn = f"arn:aws:sqs:us-east-1:000000000000:{name}"
        statement = {"Effect": "Allow", "Principal": {"Service": ["s3.amazonaws.com", "sns.amazonaws.com",
                     "events.amazonaws.com"]}, "Action": "sqs:SendMessage", "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        return sqs.create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"], arn

    def bodies(url, wanted):
        found = []
        while len(found) < wanted:
            messages = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10, MaxNumberOfMessages=10)["Messages"]
            for message in messages:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
        return found

    (direct, direct_arn), (ruled, ruled_arn), (told, told_arn) = queue("direct"), queue("ruled"), queue("told")
    topic = "arn:aws:sns:us-east-1:000000000000:uploads"
    statement = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sns:Publish", "Resource": topic}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.create_topic(Name="uploads", Attributes={"Policy": policy})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=told_arn)
    events.put_rule(Name="uploads", EventPattern=json.dumps({"source": ["aws.s3"]}))
    events.put_targets(Rule="uploads", Targets=[{"Id": "q", "Arn": ruled_arn}])
    s3.create_bucket(Bucket="photos")
    s3.put_bucket_notification_configuration(Bucket="photos", NotificationConfiguration={
        "QueueConfigurations": [{"QueueArn": direct_arn, "Events": ["s3:ObjectCreated:*"]}],
        "TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectRemoved:*"]}],
        "EventBridgeConfiguration": {},
    })
    s3.put_object(Bucket="photos", Key="a/b.jpg", Body=b"hello")
    s3.delete_object(Bucket="photos", Key="a/b.jpg")
    test, created = bodies(direct, 2)
    assert test["Event"] == "s3:TestEvent" and created["Records"][0]["eventName"] == "ObjectCreated:Put", created
    assert [event["detail-type"] for event in bodies(ruled, 2)] == ["Object Created", "Object Deleted"]
    removed = bodies(told, 2)[1]
    assert removed["Subject"] == "Amazon S3 Notification", removed
    assert json.loads(removed["Message"])["Records"][0]["eventName"] == "ObjectRemoved:Delete", removed


def main():
    with local_cloud.empty(AMPUP) as endpoint:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        client = lambda name: boto3.client(name, endpoint_url=endpoint, **keys)
        sqs = client("sqs")
        older_protocol(queues(sqs))
        topics_and_rules(sqs, client("sns"), client("events"), client("scheduler"))
        uploads(client)
    print("boto3: queues, topics, rules, schedules and uploads hold")


main()
